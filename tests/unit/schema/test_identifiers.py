"""No two identifiers that are held apart look the same for a character that nobody sees."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from aboveboard.telemetry.v1 import verdict_pb2 as v
from aboveboard.telemetry.v1.source_pb2 import DeploymentSource
from aboveboard_server.schema import catalog, identifiers
from aboveboard_server.schema.validate import validator

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
SCHEMA = catalog.default()


def test_every_key_of_a_subject_and_every_identifier_is_held_to_the_rule() -> None:
    """Derived: a field that is added with that format or a subject key is held to it without a change."""
    fields = [field for origin in SCHEMA.origins for field in origin.fields]
    fields += [field for event in SCHEMA.events for field in event.fields]
    held = {field.descriptor.full_name for field in fields if field.is_identifier}
    keys = {field.descriptor.full_name for field in fields if field.policy.subject_key}
    uuids = {field.descriptor.full_name for field in fields if field.policy.format == "UUID"}
    assert held == keys - uuids | {
        field.descriptor.full_name for field in fields if field.policy.format == "IDENTIFIER"
    }
    assert "aboveboard.telemetry.v1.DeploymentSource.company_id" in held


def test_control_and_format_characters_are_refused_anywhere_and_space_at_the_ends() -> None:
    for character in EVERY_CHARACTER:
        category = unicodedata.category(character)
        within, ends = category in {"Cc", "Cf"}, category in {"Cc", "Cf", "Zs", "Zl", "Zp"}
        texts = (f"a{character}b", f"{character}b", f"a{character}", character)
        found = [bool(identifiers.fault(text)) for text in texts]
        assert found == [within, ends, ends, ends], f"U+{ord(character):04X}"


def test_what_an_extractor_takes_at_once_is_no_fault_to_the_reference() -> None:
    is_suspect = eval("lambda value: " + identifiers.SUSPECT.format("value"))
    for character in EVERY_CHARACTER:
        for text in (f"a{character}b", f"{character}b", f"a{character}"):
            assert is_suspect(text) or not identifiers.fault(text), f"U+{ord(character):04X}"
    assert not any(map(is_suspect, ["busag", "b+s AG", "Zürich", "東京", "a b", ""]))


@pytest.mark.parametrize("field", ["company_id", "deployment_id", "instance_id", "user_id"])
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("busag ", "begins or ends with white space"),
        ("\N{NO-BREAK SPACE}busag", "begins or ends with white space"),
        ("bus\tag", "contains a control character"),
        ("bus\N{ZERO WIDTH SPACE}ag", "contains a format character"),
        ("bus\N{ZERO WIDTH JOINER}ag", "contains a format character"),
    ],
)
def test_a_refusal_names_field_and_rule_and_not_the_value(field: str, value: str, rule: str) -> None:
    origin = next(origin for origin in SCHEMA.origins if origin.name == "deployment")
    source = DeploymentSource(solution="s", company_id="c", deployment_id="d")
    setattr(source, field, value)
    found = validator(origin.fields, "source.deployment.")(source)
    assert found is not None
    assert (found.reason, found.field, found.text) == (
        v.REJECTION_REASON_MALFORMED,
        f"source.deployment.{field}",
        rule,
    )


def test_names_and_products_may_hold_what_they_like() -> None:
    origin = next(origin for origin in SCHEMA.origins if origin.name == "deployment")
    source = DeploymentSource(
        solution=" s\t", company_id="c", deployment_id="d", company_name="a\N{SOFT HYPHEN}b "
    )
    assert validator(origin.fields)(source) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("busag", "BUSAG"),
        ("busag", " bus\tag\N{ZERO WIDTH SPACE}"),
        ("busag", "\N{FULLWIDTH LATIN SMALL LETTER B}usag"),
        ("Straße", "STRASSE"),
        ("Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich", "zu\N{COMBINING DIAERESIS}rich"),
        ("\N{LATIN SMALL LIGATURE FI}", "Fi"),
        ("K", "\N{KELVIN SIGN}"),
    ],
)
def test_what_differs_by_case_form_or_space_is_alike(one: str, other: str) -> None:
    assert identifiers.likeness(one) == identifiers.likeness(other)


def test_likeness_is_the_same_of_itself_and_keeps_others_apart() -> None:
    folded = [one for one in EVERY_CHARACTER if unicodedata.normalize("NFKC", one).casefold() != one]
    assert len(folded) > 5_000
    for character in folded:
        once = identifiers.likeness(f"a{character}b")
        assert identifiers.likeness(once) == once, f"U+{ord(character):04X}"
    different = ["busag", "bus-ag", "busag1", "zurich", "z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich"]
    assert len({identifiers.likeness(one) for one in different}) == len(different)

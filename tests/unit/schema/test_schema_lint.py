"""The privacy lint tells of every fault of a schema at once, each by file, name and rule."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aboveboard_server.schema import lint as lint_module
from aboveboard_server.schema import lint_events, lint_fields, lint_rpcs, tables
from aboveboard_server.schema.catalog import default
from aboveboard_server.schema.finding import rule_name
from aboveboard_server.schema.image import Image, compile_protos
from aboveboard_server.schema.lint import lint

if TYPE_CHECKING:
    from aboveboard_server.schema.finding import Finding

HERE = Path(__file__).parent
PROTOS = HERE.parents[2] / "protos"
EVENT = "aboveboard.event.v1."
TELEMETRY = "aboveboard.telemetry.v1."

ARMS = """
    aboveboard.event.v1.Unannotated unannotated = 101;
    aboveboard.event.v1.Careless careless = 102;
    aboveboard.event.v1.Undying undying = 103;
    aboveboard.event.v1.OtherCategory other_category = 104;
    aboveboard.event.v1.Source source = 105;
    aboveboard.event.v1.ThisMessageHasANameThatIsFarTooLongToMakeATableOfItInPostgres
        this_message_has_a_name_that_is_far_too_long_to_make_a_table_of_it_in_postgres = 106;
    aboveboard.event.v1.Outer outer = 107;
    aboveboard.event.v1.Shapes shapes = 108;
    aboveboard.event.v1.Names names = 109;
    aboveboard.event.v1.Values values = 110;
    aboveboard.event.v1.Limits limits = 111;
    aboveboard.event.v1.Limits more_limits = 112;
    string plain = 113;
"""
SOURCES = """
message Keyless {
  int64 version = 1 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_TECHNICAL purpose: "Has another type than elsewhere." example: "1"
  }];
  bool fingerprint = 2 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_TECHNICAL purpose: "Is a column of the table already." example: "true"
  }];
}
message Counted {
  int64 account = 1 [(aboveboard.schema.v1.field) = {
    data_class: DATA_CLASS_ORGANIZATION
    purpose: "Keys a subject by a number."
    example: "1"
    subject_key: SUBJECT_KEY_COMPANY
  }];
}
"""

# Every fault in the schema that `broken` makes: the rule, and whatever breaks it.
EXPECTED = {
    "source-has-origins-only": ["aboveboard.telemetry.v1"],
    "event-is-annotated": [EVENT + "Unannotated"],
    "event-has-one-arm": [EVENT + "Limits", EVENT + "Outer.Hidden"],
    "event-names-its-owner": [EVENT + "Careless"],
    "event-states-its-purpose": [EVENT + "Careless", EVENT + "Undying"],
    "event-has-one-category": [EVENT + "Careless", EVENT + "Undying", EVENT + "OtherCategory"],
    "event-lives-within-limits": [EVENT + "Careless", EVENT + "Undying"],
    "arm-is-a-message": [TELEMETRY + "EventEnvelope.plain"],
    "arm-is-named-after-its-message": [TELEMETRY + "EventEnvelope.more_limits"],
    "arm-names-a-free-table": [
        TELEMETRY + "EventEnvelope.source",
        TELEMETRY + "EventEnvelope.outer",
        TELEMETRY + "EventEnvelope.values",
        TELEMETRY
        + "EventEnvelope.this_message_has_a_name_that_is_far_too_long_to_make_a_table_of_it_in_postgres",
    ],
    "origin-keys-a-subject": [TELEMETRY + "Keyless"],
    "origins-agree": [TELEMETRY + "Keyless", TELEMETRY + "Keyless"],
    "field-is-annotated": [EVENT + "Unannotated.text", EVENT + "Shapes.chosen"],
    "field-has-a-column": [
        EVENT + f"Shapes.{name}" for name in ("many", "pairs", "large", "nested", "chosen")
    ],
    "field-name-is-free": [
        TELEMETRY + "Keyless.fingerprint",
        *(
            EVENT + f"Names.{name}"
            for name in (
                "event_id",
                "occurred_at",
                "sequence",
                "source_id",
                "received_at",
                "occurred_at_corrected",
                "metadata",
                "registry",
                "model_of_car",
                "lambda",
                "str",
                "order",
                "index",
                "analyse",
            )
        ),
    ],
    "field-name-fits": [
        EVENT + "Names.this_name_is_longer_than_postgres_takes_and_would_be_cut_off_silently"
    ],
    "field-names-its-data-class": [EVENT + "Values.no_class"],
    "field-states-its-purpose": [EVENT + "Values.no_purpose"],
    "field-shows-an-example": [
        EVENT + f"Values.{name}"
        for name in (
            "no_example",
            "wrong_bool",
            "wrong_int",
            "wrong_number",
            "wrong_uuid",
            "too_long",
            "wrong_enum",
            "wrong_time",
            "wrong_year",
            "wrong_json",
            "wrong_list",
            "wrong_depth",
            "wrong_bytes",
        )
    ],
    "field-limits-its-size": [EVENT + f"Limits.{name}" for name in ("endless", "vast", "sized")],
    "field-limits-its-shape": [EVENT + f"Limits.{name}" for name in ("boundless", "keyed")],
    "field-lists-known-values": [
        EVENT + f"Limits.{name}" for name in ("no_values", "some_values", "twice", "long_value")
    ],
    "field-format-is-of-text": [EVENT + "Limits.formatted"],
    "rpc-says-who-may-call": [EVENT + "Unguarded.Silent", EVENT + "Unguarded.Unspecified"],
    "rpc-carries-its-key": [EVENT + "Unguarded.Keyless"],
    "field-keys-a-subject-by-text": [TELEMETRY + "Counted.account", EVENT + "Limits.somebody"],
}
RULES = (
    *lint_module.FRAME_RULES,
    *lint_events.EVENT_RULES,
    *lint_events.EVENT_ANNOTATION_RULES,
    *lint_events.ARM_RULES,
    *lint_events.ORIGIN_RULES,
    *lint_fields.SHAPE_RULES,
    *lint_fields.ANNOTATION_RULES,
    *lint_rpcs.RPC_RULES,
)


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    """Lint the schema with every fault added that there is a rule against."""
    protos = tmp_path_factory.mktemp("broken") / "protos"
    shutil.copytree(PROTOS, protos)
    shutil.copy(HERE / "broken.proto", protos / "aboveboard/event/v1/broken.proto")
    envelope = protos / "aboveboard/telemetry/v1/event.proto"
    text = envelope.read_text().replace("  oneof event {", "  oneof event {" + ARMS)
    envelope.write_text(text.replace("import", 'import "aboveboard/event/v1/broken.proto";\nimport', 1))
    source = protos / "aboveboard/telemetry/v1/source.proto"
    text = source.read_text().replace(
        "  oneof origin {",
        "  bool extra = 9;\n  oneof origin {\n    Keyless keyless = 7;\n    Counted counted = 8;",
    )
    source.write_text(text + SOURCES)
    return lint(compile_protos(protos))


def test_the_schema_keeps_its_rules(image: Image) -> None:
    """The protos of this service break no rule."""
    hand_written = tables.hand_written(tables.import_all())
    assert [str(finding) for finding in lint(image, hand_written)] == []


@pytest.mark.parametrize("rule", sorted(EXPECTED))
def test_rule_finds_its_faults(broken: list[Finding], rule: str) -> None:
    """A rule finds every example of its fault, and nothing that is right."""
    found = [finding for finding in broken if finding.rule == rule]
    assert sorted(finding.name for finding in found) == sorted(EXPECTED[rule])
    for finding in found:
        assert str(finding) == f"{finding.file}: {finding.name}: {finding.message} [{rule}]"
        assert "\n" not in finding.message


def test_every_rule_has_its_fault(broken: list[Finding]) -> None:
    """No rule goes without an example that fails, and no finding without an expectation."""
    names = {rule_name(rule) for rule in RULES}
    assert names == {*EXPECTED, "schema-has-its-frame"}
    assert {finding.rule for finding in broken} == set(EXPECTED)


def test_findings_name_the_file(broken: list[Finding]) -> None:
    """A finding names the file that its field stands in."""
    files = defaultdict(set)
    for finding in broken:
        files[finding.name.rpartition(".")[0]].add(finding.file)
    assert files[EVENT + "Values"] == {"aboveboard/event/v1/broken.proto"}
    assert files[TELEMETRY + "Counted"] == {"aboveboard/telemetry/v1/source.proto"}


def test_message_says_what_is_wrong(broken: list[Finding]) -> None:
    """A message gives the rule in words and the detail that breaks it."""
    messages = {finding.name: finding.message for finding in broken}
    assert messages[EVENT + "Limits.vast"] == (
        "A string, bytes or Struct field has max_bytes, 1 to 65536, and no other field has it: "
        "max_bytes is 65537"
    )


def test_without_frame(tmp_path: Path) -> None:
    """A schema without envelope and source is told so; the lint does not break over it."""
    annotations = "aboveboard/schema/v1/annotations.proto"
    (tmp_path / annotations).parent.mkdir(parents=True)
    shutil.copy(PROTOS / annotations, tmp_path / annotations)
    found = lint(compile_protos(tmp_path))
    assert {finding.rule for finding in found} == {"schema-has-its-frame"}
    assert "EventEnvelope.event" in found[0].message
    assert "Source.origin" in found[1].message


def test_without_annotations(tmp_path: Path) -> None:
    """A schema that knows no annotations at all is told so; the lint does not break over it."""
    (tmp_path / "theme.proto").write_text(
        'syntax = "proto3"; package aboveboard.event.v1; message ThemeStat { option deprecated = true; '
        "bool dark = 1 [deprecated = true]; }"
    )
    rules = {finding.rule for finding in lint(compile_protos(tmp_path))}
    assert rules == {"schema-has-its-frame", "event-is-annotated", "event-has-one-arm", "field-is-annotated"}


def test_hand_written_tables_are_taken(image: Image) -> None:
    """An event cannot take the name of a hand-written table."""
    found = lint(image, ["ping"])
    assert [(finding.name, finding.rule) for finding in found] == [
        (TELEMETRY + "EventEnvelope.ping", "arm-names-a-free-table")
    ]


def test_columns_of_the_server_are_known() -> None:
    """The names that the lint holds for taken are those that generated tables add to the fields."""
    event = default().event("ping")
    fields = {field.name for field in (*default().envelope, *event.fields)}
    columns = {column.name for column in tables.import_all().tables["ping"].columns}
    assert columns - fields == lint_fields.EVENT_COLUMNS
    source = {field.name for origin in default().origins for field in origin.fields}
    columns = {column.name for column in tables.import_all().tables["source"].columns}
    assert columns - source == lint_fields.SOURCE_COLUMNS

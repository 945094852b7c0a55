"""The public dictionary says all that the schema collects, and shows as it is meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from aboveboard_server.schema import catalog, dictionary, dictionary_markdown

if TYPE_CHECKING:
    from aboveboard_server.schema.image import Image


@pytest.fixture(scope="module")
def text() -> str:
    return dictionary_markdown.render(dictionary.build(catalog.default()))


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the third level."""
    return text.split(f"\n### {title}\n")[1].split("\n#", maxsplit=1)[0]


def test_every_event_and_field_is_told(text: str) -> None:
    """Each event is listed with owner, category and days, and each of its fields with its row."""
    for event in catalog.default().events:
        part = section(text, event.message.name)
        assert event.policy.purpose in part
        assert f"Owner: {event.policy.owner}" in part
        assert f"Category: {' or '.join(event.categories())}" in part
        assert f"Kept for {event.policy.retention_days} days, and at most 7 more" in part
        rows = [line for line in part.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == [field.name for field in event.fields]
        for row, field in zip(rows, event.fields, strict=True):
            assert field.policy.purpose in row
            assert dictionary_markdown.escape(field.policy.data_class) in row
            assert all(f"`{value}`" in row for value in field.policy.known_values)


def test_sources_and_envelope_are_told(text: str) -> None:
    """Each kind of source and the envelope have every field, and subject keys are named."""
    for origin in catalog.default().origins:
        part = section(text, f"Source: {origin.name}")
        for field in origin.fields:
            assert f"| `{field.name}` |" in part
            assert ("for opt-out and deletion." in part) or not field.policy.subject_key
    assert "Finds the company for opt-out and deletion." in text
    for field in catalog.default().envelope:
        assert f"| `{field.name}` |" in text


def test_limits_and_rights_are_told(text: str) -> None:
    """The seven days, opt-out, deletion and the quarantine's two limits are stated."""
    for words in ("more than 7 days beyond its limit", "Opt out.", "deleted", "16 KiB", "30 days"):
        assert words in text


def test_changed_retention_is_told() -> None:
    """What an operator has changed is what the dictionary says."""
    changed = dictionary.build(catalog.default(), {"ping": 45})
    days = {event.name: event.retention_days for event in changed.events}
    assert days["ping"] == 45
    assert days["server_ping"] == 365


def test_tables_stay_tables(text: str) -> None:
    """No value breaks a row: every row of a table has as many cells as its head."""
    width = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        width = width or cells
        assert cells == width, line


def test_text_is_escaped() -> None:
    """Text that Markdown or HTML would take for its own shows as it is."""
    assert dictionary_markdown.escape("a|b <i> *c*\nd") == r"a\|b \<i\> \*c\* d"
    assert dictionary_markdown.code("a`b|c") == r"``a`b\|c``"


def test_every_class_and_format_is_explained(image: Image) -> None:
    """Every data class and format of the annotations has its words in the dictionary."""
    for enum, words in (("DataClass", dictionary.CLASSES), ("Format", dictionary.FORMATS)):
        values = image.pool.FindEnumTypeByName(f"aboveboard.schema.v1.{enum}").values
        prefix = values[0].name.removesuffix("UNSPECIFIED")
        names = {value.name.removeprefix(prefix) for value in values}
        assert names - {"UNSPECIFIED"} == set(words) - {""}

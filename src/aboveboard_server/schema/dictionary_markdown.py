"""Lays the data dictionary out as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aboveboard_server.schema.dictionary import Dictionary, EventEntry, FieldEntry

HEAD = ("Field", "Why it is collected", "Class", "Form", "Example")
# What Markdown, or the HTML that Markdown lets through, would read as its own.
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def render(dictionary: Dictionary) -> str:
    """Return the dictionary as one Markdown document."""
    return "\n".join(_lines(dictionary)) + "\n"


def escape(text: str) -> str:
    """Return text that shows as it is, in a paragraph or in a cell of a table."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Return text as code, whatever backticks or pipes it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    plain = " ".join(text.split()).replace("|", "\\|")
    return f"{fence}{padding}{plain}{padding}{fence}"


def _lines(dictionary: Dictionary) -> Iterator[str]:
    yield "# What is collected, why, and for how long"
    yield ""
    yield (
        "This page is made from the schema that the service itself runs on: an event cannot carry what does "
        f"not stand here. {escape(dictionary.keeping)}"
    )
    yield ""
    yield "| Event | Why it is collected | Category | Kept for |"
    yield "|---|---|---|---|"
    for event in dictionary.events:
        yield _row(
            f"[{escape(event.title)}](#{event.title.lower()})",
            escape(event.purpose),
            escape(" or ".join(event.categories)),
            f"{event.retention_days} days",
        )
    yield ""
    yield "## What a source can do"
    yield ""
    yield from (f"- {escape(right)}" for right in dictionary.rights)
    yield from ("", "## Who sends", "")
    yield "Each request names its source, once for all its events."
    for source in dictionary.sources:
        yield from ("", f"### Source: {escape(source.name)}", "", escape(source.about), "")
        yield from _table(source.fields)
    yield from ("", "## What every event carries", "")
    yield from _table(dictionary.envelope)
    yield from ("", escape(dictionary.added))
    yield from ("", "## Events")
    for event in dictionary.events:
        yield from _event(event, dictionary.grace_days)
    yield from ("", "## Events not known yet", "", escape(dictionary.quarantine))
    yield from ("", "## Classes of data", "", "| Class | Meaning |", "|---|---|")
    yield from (_row(escape(name), escape(meaning)) for name, meaning in dictionary.classes)


def _event(event: EventEntry, grace_days: int) -> Iterator[str]:
    yield from ("", f"### {escape(event.title)}", "", escape(event.purpose), "")
    yield f"- Owner: {escape(event.owner)}"
    yield f"- Category: {escape(' or '.join(event.categories))}"
    yield f"- Kept for {event.retention_days} days, and at most {grace_days} more"
    yield f"- Table: {code(event.name)}"
    yield ""
    yield from _table(event.fields)


def _table(fields: Iterable[FieldEntry]) -> Iterator[str]:
    yield _row(*HEAD)
    yield "|" + "---|" * len(HEAD)
    for field in fields:
        yield _row(
            code(field.name),
            escape(field.purpose) + _subject(field),
            escape(field.data_class),
            _form(field),
            code(field.example),
        )


def _subject(field: FieldEntry) -> str:
    return f" Finds the {field.subject.lower()} for opt-out and deletion." if field.subject else ""


def _form(field: FieldEntry) -> str:
    parts = [escape(field.form), "always sent" if field.required else "may be left out"]
    if field.known_values:
        parts.append("known values: " + ", ".join(code(value) for value in field.known_values))
    return "; ".join(parts)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

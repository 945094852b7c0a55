"""The flags of `aboveboard serve` that set the archive; docs/archive.md tells what they cost."""

from __future__ import annotations

from typing import Annotated

import typer

Solutions = Annotated[
    str, typer.Option(envvar="ABOVEBOARD_ARCHIVE_SOLUTION", help="Products to archive, with commas between.")
]
EventTypes = Annotated[
    str,
    typer.Option(
        envvar="ABOVEBOARD_ARCHIVE_EVENT_TYPE",
        help="Event types to archive, with commas between; all if empty.",
    ),
]
Clip = Annotated[
    int,
    typer.Option(
        envvar="ABOVEBOARD_ARCHIVE_CLIP", help="The most events of a contributor that count in a month."
    ),
]
ContributorsShare = Annotated[
    float,
    typer.Option(
        envvar="ABOVEBOARD_ARCHIVE_CONTRIBUTORS_SHARE", help="The part of epsilon for contributor counts."
    ),
]
Epsilon = Annotated[
    float, typer.Option(envvar="ABOVEBOARD_ARCHIVE_EPSILON", help="The privacy spent on a month's release.")
]
MinContributors = Annotated[
    int,
    typer.Option(envvar="ABOVEBOARD_ARCHIVE_MIN_CONTRIBUTORS", help="Publish no cell of fewer contributors."),
]
MinClips = Annotated[
    float,
    typer.Option(envvar="ABOVEBOARD_ARCHIVE_MIN_CLIPS", help="Publish no cell of less than so many clips."),
]
FailureProbability = Annotated[
    float,
    typer.Option(
        envvar="ABOVEBOARD_ARCHIVE_FAILURE_PROBABILITY",
        help="How probably noise may hide that a cell is small.",
    ),
]
AllowWeaker = Annotated[
    bool,
    typer.Option(
        "--archive-allow-weaker",
        envvar="ABOVEBOARD_ARCHIVE_ALLOW_WEAKER",
        help="Take archive settings that protect less than the defaults.",
    ),
]


def names(text: str) -> tuple[str, ...]:
    """Return the names in a text with commas between; none where it is empty."""
    return tuple(name.strip() for name in text.split(",")) if text else ()

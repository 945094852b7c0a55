"""For whom a preference is set, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Scope(IntEnum):
    """For whom telemetry is switched off or on; the numbers are those of SetCollectionPreferenceRequest."""

    USER = 1
    DEPLOYMENT = 2
    SERVER = 3


@dataclass(frozen=True)
class Answer:
    """What became of `disable` or `enable`.

    `collecting`: whether events may be recorded now. `told`: whether the service knows; where not, it is told
    later. `deletion_id`: the Deletion that `erase_history` started or left to be confirmed; empty where
    there is none. `problem`: what did not work, in words; empty where all did.
    """

    collecting: bool
    told: bool = False
    deletion_id: str = ""
    problem: str = ""

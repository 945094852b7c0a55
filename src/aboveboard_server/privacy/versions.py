"""The order of versions as people number them: 4.1.10 is after 4.1.9, and 1.0-rc1 before 1.0.

Products of every language report here, and `packaging` refuses what is no PEP 440 version, such as
1.0.0-SNAPSHOT, and takes build metadata for something newer. So the order is our own, after Maven's:

- a `v` in front, build metadata behind a `+`, case and zeros at the end of the numbers mean nothing;
- numbers are compared as numbers;
- the words that mark a version before its release stand before it, in the order of `BEFORE`; `final`, `ga`
  and `release` mean the release itself, and the words of `AFTER` what is after it;
- of what else follows the numbers, such as 1.0-7 or 1.0-jre, some products mean a version before the release
  (Semantic Versioning) and others one after it. Both readings are an order; `Range` takes what either has
  within it.

A version without a number in front cannot be compared, and nobody can rule it out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

# The numbers, then one (rank, number, word) for each part behind them and one for the end.
Key: TypeAlias = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]

BEFORE = (
    ("dev", "nightly", "canary"),
    ("alpha",),
    ("beta",),
    ("milestone",),
    ("pre", "preview", "ea", "eap"),
    ("rc", "cr"),
    ("snapshot",),
)
THE_RELEASE = {"final", "ga", "release"}
AFTER = {"sp", "post", "patch", "hotfix", "update"}
# Mean a word only where a number follows: 1.0b2 is a beta, 1.0.2b is not.
SHORT = {"a": "alpha", "b": "beta", "m": "milestone", "c": "rc", "p": "patch", "u": "update"}
_RANKS = {word: rank - len(BEFORE) for rank, words in enumerate(BEFORE) for word in words}
_END = (0, 0, "")
# Beyond the ranks of the words: what is before the release by one reading is after it by the other.
_FAR = len(BEFORE) + 1
# Clients choose the text: nothing may be matched in two ways. Two expressions, since Python 3.11.2 loses what
# is in a group with possessive quantifiers.
_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)")
_REST = re.compile(r"(?:[._~-]?[0-9a-z])*")
_PARTS = re.compile(r"[0-9]+|[a-z]+")


@dataclass(frozen=True, slots=True)
class Version:
    """A version that can be compared, by both readings of what follows its numbers."""

    read_as_before: Key
    read_as_after: Key


def parse(text: str) -> Version | None:
    """Return a version, None where it cannot be compared."""
    text = text.strip().lower().partition("+")[0]
    found = _NUMBERS.match(text)
    rest = _REST.fullmatch(text, found.end()) if found else None
    if found is None or rest is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    parts = _PARTS.findall(rest[0])
    return Version(*((tuple(numbers), tuple(_ranked(parts, unknown))) for unknown in (-_FAR, _FAR)))


def sort_key(text: str) -> tuple[bool, Key, str]:
    """Return what versions are sorted by, the oldest first; before them those that cannot be compared."""
    version = parse(text)
    return (version is not None, version.read_as_after if version else ((), ()), text)


@dataclass(frozen=True, slots=True)
class Range:
    """The versions from one to another, both included; None is no bound."""

    low: Version | None = None
    high: Version | None = None

    def holds(self, text: str) -> bool:
        """Whether a version may be within the range: nobody can rule it out."""
        version = parse(text)
        return (
            version is None
            or self._between(version, "read_as_before")
            or self._between(version, "read_as_after")
        )

    def _between(self, version: Version, reading: str) -> bool:
        key = getattr(version, reading)
        return (self.low is None or getattr(self.low, reading) <= key) and (
            self.high is None or key <= getattr(self.high, reading)
        )


def _ranked(parts: list[str], unknown: int) -> list[tuple[int, int, str]]:
    """Return what stands for the parts behind the numbers; `unknown` ranks what may mean either."""
    done: list[tuple[int, int, str]] = []
    for part, following in zip_longest(parts, parts[1:], fillvalue=""):
        word = SHORT.get(part, part) if following.isdigit() else part
        if word.isdigit():
            # Behind a word it counts on, as in rc2; behind the numbers themselves it may mean either.
            done.append((_FAR if done else unknown, int(word), ""))
        elif word in _RANKS:
            done.append((_RANKS[word], 0, ""))
        elif word in AFTER:
            done.append((1, 0, word))
        elif word not in THE_RELEASE:
            done.append((unknown, 0, word))
    return [*done, _END]

"""Three lines: a version as a client tells it, and the bounds of a range as an administrator does."""

from __future__ import annotations

from itertools import chain, pairwise, product
from typing import TYPE_CHECKING

from aboveboard_server.privacy import versions
from aboveboard_server.privacy.installations import MAX_VERSION_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = ("1.0", "4.1.9", "4.1.10", "v2.0-rc1", "1.0.0-SNAPSHOT", "1.0-jre", "2b2", "1.0+build", "unknown")


def run(data: bytes) -> None:
    """Any text is a version or none; a range holds its bounds, and bounds in order hold what is between."""
    texts = [line.decode(errors="replace")[:MAX_VERSION_BYTES] for line in data.split(b"\n")[:3]]
    parsed = [versions.parse(text) for text in texts]
    backwards = texts[::-1]
    assert sorted(texts, key=versions.sort_key) == sorted(backwards, key=versions.sort_key)
    for text, version in zip(texts, parsed, strict=True):
        assert versions.Range(version, version).holds(text)
        assert versions.Range().holds(text)
    known = sorted((version for version in parsed if version), key=lambda version: version.read_as_before)
    for low, high in pairwise(known):
        assert low.read_as_before <= high.read_as_before
    if len(known) == len(texts) == len(SAMPLES[:3]):
        middle = next(text for text, version in zip(texts, parsed, strict=True) if version == known[1])
        assert versions.Range(known[0], known[2]).holds(middle)


def seeds() -> Iterator[bytes]:
    """Yield versions of many habits."""
    return ("\n".join(texts).encode() for texts in product(SAMPLES, repeat=3))


def words() -> Iterator[str]:
    """Yield the words that have a meaning in a version."""
    yield from chain(*versions.BEFORE, versions.THE_RELEASE, versions.AFTER, versions.SHORT)

"""Versions are compared as versions, and what cannot be compared is never ruled out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aboveboard_server.privacy import versions
from aboveboard_server.privacy.versions import AFTER, BEFORE, SHORT, THE_RELEASE, Range, Version

KNOWN = {word for words in BEFORE for word in words} | AFTER | THE_RELEASE | set(SHORT)
WORDS = [*sorted(KNOWN), "jre", "x"]
PARTS = st.tuples(st.sampled_from(["", ".", "-", "_"]), st.sampled_from([*WORDS, "0", "1", "2", "10"]))
TEXTS = st.builds(
    lambda prefix, numbers, parts, build: (
        prefix + ".".join(map(str, numbers)) + "".join(map("".join, parts)) + build
    ),
    st.sampled_from(["", "v"]),
    st.lists(st.integers(0, 11), min_size=1, max_size=4),
    st.lists(PARTS, max_size=3),
    st.sampled_from(["", "+7", "+build.1"]),
)
READINGS = st.sampled_from(["read_as_before", "read_as_after"])


def parsed(text: str) -> Version:
    version = versions.parse(text)
    assert version is not None, text
    return version


@pytest.mark.parametrize(
    "ascending",
    [
        ["4.1.8", "4.1.9", "4.1.10", "4.1.100", "4.2", "4.10", "5"],
        ["1.0-dev", "1.0-alpha", "1.0-alpha.1", "1.0-beta2", "1.0-M1", "1.0-rc1", "1.0-RC2", "1.0-rc10"],
        ["1.0-rc10", "1.0-SNAPSHOT", "1.0", "1.0-sp1", "1.0.1"],
        ["1.0.0-rc.1-SNAPSHOT", "1.0.0-rc.1", "1.0.0"],
        ["1.0a1", "1.0b1", "1.0c1", "1.0", "1.0-p1"],
        ["2021.9.30", "2021.10.1", "2022.1"],
        ["1.8.0_292", "1.8.0_301", "1.8.1"],
        ["99999999999999999999.1", "99999999999999999999.2"],
    ],
)
def test_the_order_is_that_of_versions(ascending: list[str]) -> None:
    """Numbers as numbers, what is before a release before it."""
    for lower, higher in itertools.pairwise(ascending):
        assert versions.sort_key(lower) < versions.sort_key(higher)
        for reading in ("read_as_before", "read_as_after"):
            assert getattr(parsed(lower), reading) < getattr(parsed(higher), reading)


@pytest.mark.parametrize(
    "same", [["1", "1.0", "v1.0.0", "V1", "1.0+build.7", "1.0.0.Final", "1.0.RELEASE", "1-GA", " 1.0 "]]
)
def test_what_means_the_same_is_equal(same: list[str]) -> None:
    """A prefix, zeros at the end, build metadata, case and the words of a release mean nothing."""
    assert len({parsed(text) for text in same}) == 1


@given(texts=st.lists(TEXTS, min_size=3, max_size=3), reading=READINGS)
@example(["1.0-1", "1.0", "1.0-x"], "read_as_before")
def test_the_order_is_total_and_transitive(texts: list[str], reading: str) -> None:
    """Of two versions one is first, or they are equal; and what follows one follows all before it."""
    a, b, c = (getattr(parsed(text), reading) for text in texts)
    assert (a < b) + (a == b) + (b < a) == 1
    assert not (a <= b <= c) or a <= c
    assert not (a == b == c) or a == c


@given(text=TEXTS, suffix=st.sampled_from(["-rc1", "-SNAPSHOT", "-alpha"]))
def test_what_leads_to_a_version_is_before_it_and_after_the_last(text: str, suffix: str) -> None:
    """By either reading."""
    bare = text.partition("+")[0]
    for reading in ("read_as_before", "read_as_after"):
        assert getattr(parsed(bare + suffix), reading) < getattr(parsed(bare), reading)


@given(texts=st.lists(TEXTS, min_size=3, max_size=3))
def test_a_range_holds_its_bounds_and_what_is_between(texts: list[str]) -> None:
    """Both bounds are within it, and what is between them by either reading."""
    low, between, high = sorted(texts, key=versions.sort_key)
    found = Range(parsed(low), parsed(high))
    assert all(found.holds(text) for text in (low, between, high))
    assert Range().holds(between)


@pytest.mark.parametrize(
    ("text", "within"),
    [
        ("4.1.9", False),
        ("4.1.10-rc1", False),
        ("4.1.10", True),
        ("4.1.11+b", True),
        ("4.2", True),
        ("4.2-rc1", True),
        ("4.2.1", False),
        # Before the release to some, after it to others.
        ("4.1.10-7", True),
        ("4.2-jre", True),
        ("4.1.9-jre", False),
        ("4.2.1-jre", False),
        # Cannot be compared.
        ("", True),
        ("unknown", True),
        ("4.1.10 (build 7)", True),
        ("\N{ARABIC-INDIC DIGIT FOUR}.2.1", True),
    ],
)
def test_a_range_rules_out_only_what_is_surely_outside(text: str, within: bool) -> None:  # noqa: FBT001  # a parameter
    """From 4.1.10 to 4.2: what cannot be compared, and what may be meant so, is within."""
    assert Range(parsed("4.1.10"), parsed("4.2")).holds(text) == within


@given(st.text(max_size=64))
def test_any_text_is_a_version_or_none(text: str) -> None:
    """Nothing that a client may send raises."""
    versions.sort_key(text)
    Range(parsed("1"), parsed("2")).holds(text)

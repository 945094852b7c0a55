"""The browser SDK is small, complete, and promises what it has."""

from __future__ import annotations

import gzip
import re

from aboveboard_server.http_edge import assets

SCRIPT = (assets.STATIC / "sdk.js").read_text(encoding="utf-8")
TYPES = (assets.STATIC / "sdk.d.ts").read_text(encoding="utf-8")


def test_the_sdk_is_small_and_needs_nothing() -> None:
    """Below 6 KB gzipped as it is served, comments and all, and without a single import."""
    assert len(gzip.compress(SCRIPT.encode())) < 6_000
    assert not re.search(r"^import |\bimport\(|\brequire\(", SCRIPT, re.MULTILINE)
    assert "cookie =" not in SCRIPT
    assert "innerHTML" not in SCRIPT


def test_the_types_name_what_the_sdk_has() -> None:
    """Every function that the SDK exports has its type, and no other is promised."""
    functions = set(re.findall(r"^export const (\w+)", SCRIPT, re.MULTILINE))
    assert functions == set(re.findall(r"^export function (\w+)", TYPES, re.MULTILINE))
    used = set(re.findall(r"\b(?:options|given)\??\.(\w+)", SCRIPT))
    named = re.search(r"const names = \[(.*?)\]", SCRIPT, re.DOTALL)
    assert named is not None
    said = re.search(r"export interface Options \{(.*?)\n\}", TYPES, re.DOTALL)
    assert said is not None
    options = set(re.findall(r"^  (\w+)\??:", said.group(1), re.MULTILINE))
    assert used | set(re.findall(r"'(\w+)'", named.group(1))) == options

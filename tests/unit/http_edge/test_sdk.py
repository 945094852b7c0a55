"""The browser SDK is small, complete, and promises what it has."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from tests.support.node import run_in_node

from aboveboard_server.http_edge import assets

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = assets.browser_sdk()
TYPES = (assets.STATIC / "sdk.d.ts").read_text(encoding="utf-8")


def test_the_sdk_is_small_and_needs_nothing() -> None:
    """Below 6 KB gzipped as it is served, and without a single import."""
    assert len(gzip.compress(SCRIPT.encode())) < 6_000
    assert not re.search(r"^import |\bimport\(|\brequire\(", SCRIPT, re.MULTILINE)
    assert "cookie =" not in SCRIPT
    assert "innerHTML" not in SCRIPT


def test_it_is_served_in_one_piece_that_runs(tmp_path: Path) -> None:
    """Node reads the joined modules, and finds what the types promise; who made it is said at its head."""
    (tmp_path / "sdk.mjs").write_text(SCRIPT, encoding="utf-8")
    names = run_in_node("console.log(Object.keys(await import('./sdk.mjs')).sort().join())", tmp_path)
    assert set(names.strip().split(",")) == set(re.findall(r"^export function (\w+)", TYPES, re.MULTILINE))
    assert SCRIPT.startswith("/**\n * Aboveboard in the browser")
    assert not re.search(r"^\s*(//|\*|/\*)", SCRIPT.partition("*/\n")[2], re.MULTILINE)


# As far as Node has what pages have: 20 has no `navigator`, and later ones have.
@pytest.mark.parametrize("given", ["", "globalThis.navigator ??= {};"])
def test_it_is_off_where_there_is_no_page(tmp_path: Path, given: str) -> None:
    """In Node it takes nothing, asks nothing and keeps nothing alive: the program ends by itself."""
    (tmp_path / "sdk.mjs").write_text(SCRIPT, encoding="utf-8")
    program = """
        import http from 'node:http';
        import * as aboveboard from './sdk.mjs';
        const seen = [];
        const service = http.createServer((request) => seen.push(request.url)).listen(0, '127.0.0.1', () => {
          service.unref();
          const endpoint = `http://127.0.0.1:${service.address().port}`;
          const said = [aboveboard.disable('USER')];
          aboveboard.init({solution: 's', companyId: 'c', deploymentId: 'd', endpoint, flushInterval: 0});
          aboveboard.ping('Started', {fine: true});
          said.push(aboveboard.flush(), aboveboard.enable('USER'), aboveboard.disable('DEPLOYMENT'));
          Promise.all(said).then(() => console.log(aboveboard.collecting(), aboveboard.collectionStatus()));
        });
        process.on('exit', () => console.log(...seen));"""
    assert run_in_node(given + program, tmp_path) == "false null\n\n"


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

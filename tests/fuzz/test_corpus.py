"""Every input that fuzzing has found worth keeping, and every seed; `make fault` fuzzes for a while."""

from __future__ import annotations

import importlib

import pytest
from tests.fuzz.__main__ import CORPUS, TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_stays_right(target: str) -> None:
    """Each input, and each cut short, is read or refused as its target says."""
    module = importlib.import_module(f"tests.fuzz.{target}")
    inputs = [*module.seeds(), *(path.read_bytes() for path in sorted((CORPUS / target).iterdir()))]
    assert len(inputs) > 3
    for data in inputs:
        for cut in (len(data), len(data) // 2):
            module.run(data[:cut])

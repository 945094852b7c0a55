"""Fuzz one target with atheris: python -m tests.fuzz TARGET [FOLDER] [options of libFuzzer].

    python -m tests.fuzz version_ranges -max_total_time=600
    python -m tests.fuzz journal -merge=1 tests/fuzz/corpus/journal build/fuzz/journal/found

What is found is kept in FOLDER, or under build/fuzz; it begins with that, the corpus and the target's seeds.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.fuzz.words import dictionary

TARGETS = ("json_events", "journal", "page_tokens", "protobuf", "receipts", "testsigma", "version_ranges")
CORPUS = Path(__file__).parent / "corpus"
BUILD = Path("build/fuzz")
# An input that takes so many seconds, or a process that takes so much memory, is a finding.
LIMITS = ("-timeout=5", "-rss_limit_mb=1024", "-max_len=8192")


def main(target: str, *arguments: str) -> None:
    """Fuzz, for as long as the options say."""
    # Late: the corpus is tried where there is no atheris too.
    import atheris  # noqa: PLC0415

    with atheris.instrument_imports(include=["aboveboard_server"]):
        module = importlib.import_module(f"tests.fuzz.{target}")
    folder = BUILD / target
    found, seeds = folder / "found", folder / "seeds"
    for made in (found, seeds):
        made.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(module.seeds()):
        (seeds / str(number)).write_bytes(seed)
    words = folder / "words"
    words.write_text(dictionary(module.words()))
    options = [argument for argument in arguments if argument.startswith("-")]
    folders = [argument for argument in arguments if not argument.startswith("-")] or [str(found)]
    corpus = CORPUS / target
    defaults = (*LIMITS, f"-artifact_prefix={folder}/", f"-dict={words}")
    # libFuzzer starts itself again for a merge.
    again = folder / "again"
    again.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tests.fuzz {target} "$@"\n')
    again.chmod(0o755)
    atheris.Setup([str(again), *defaults, *options, *folders, str(corpus), str(seeds)], module.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

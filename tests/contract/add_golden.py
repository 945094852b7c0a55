"""Adds the goldens that are missing; never changes one that is there: `python tests/contract/add_golden.py`.

Run it after a message or a field was added, look at the new files, and commit them. Where an existing golden
fails its test, the change to the proto breaks whoever has stored or sends those bytes: undo the change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that it runs as a plain script

from typing import TYPE_CHECKING

from tests.contract import goldens
from tests.contract.filled import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.descriptor import Descriptor, FieldDescriptor


def add_missing(folder: Path = goldens.FOLDER) -> list[str]:
    """Write a golden for whatever has none, and return the names of the new ones."""
    folder.mkdir(exist_ok=True)
    held = goldens.read(folder)
    return [
        _write(folder, name, descriptor, only)
        for full_name, descriptor in goldens.messages().items()
        for name, only in _missing(full_name, descriptor, held.get(full_name, []))
    ]


def _missing(
    full_name: str, descriptor: Descriptor, held: list[goldens.Golden]
) -> Iterator[tuple[str, Sequence[FieldDescriptor]]]:
    """Yield a name and the fields to choose for each golden that the message lacks."""
    names = {golden.name for golden in held}
    untested = set(goldens.untested(descriptor, held))
    arms = goldens.choices(descriptor)
    missing_arms = [arm for arm in arms if arm.name in untested]
    for arm in missing_arms:
        yield _free_name(f"{full_name}-{arm.name}", names), [arm]
    beside = untested - {arm.name for arm in arms}
    if (beside and not missing_arms) or not (held or descriptor.fields):
        yield _free_name(full_name, names), ()
    for switch in goldens.switches(descriptor):
        name = f"{full_name}-only_{switch.name}"
        if name not in names:
            yield name, [switch]


def _free_name(name: str, names: set[str]) -> str:
    if name not in names:
        return name
    head, dash, tail = name.partition("-")
    number = 2
    while f"{head}.{number}{dash}{tail}" in names:
        number += 1
    return f"{head}.{number}{dash}{tail}"


def _write(folder: Path, name: str, descriptor: Descriptor, only: Sequence[FieldDescriptor]) -> str:
    message = fill(descriptor, descriptor.full_name, only)
    values = json.dumps(goldens.to_values(message), indent=2, ensure_ascii=False)
    with (folder / f"{name}.json").open("x", encoding="utf-8") as file:
        file.write(values + "\n")
    with (folder / f"{name}.binpb").open("xb") as file:
        file.write(message.SerializeToString(deterministic=True))
    return name


if __name__ == "__main__":
    added = add_missing()
    sys.stdout.write("".join(f"added golden/{name}\n" for name in added) or "nothing is missing\n")

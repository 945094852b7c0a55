"""Keys are made once, known by their fingerprints, and never replaced."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from aboveboard_server.errors import StartupError
from aboveboard_server.privacy import keys as key_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES = ["digest", "wrapping", "signing"]


class Pins(dict[str, str]):
    """What a database knows of its keys; keeps what EventStore.pin_keys promises."""

    async def pin(self, fingerprints: Mapping[str, str]) -> list[str]:
        for name, fingerprint in fingerprints.items():
            self.setdefault(name, fingerprint)
        return [name for name, fingerprint in fingerprints.items() if self[name] != fingerprint]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def test_keys_are_made_once(tmp_path: Path) -> None:
    """A new folder gets every key, private and pinned; the next start finds the same ones and no more."""
    folder, pins = tmp_path / "keys", Pins()
    first = await key_files.unlock(folder, pins.pin)
    made, pinned = contents(folder), dict(pins)
    assert sorted(made) == ["digest.key", "signing.key", "signing.pub", "wrapping.key"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all((folder / f"{name}.key").stat().st_mode & 0o777 == 0o600 for name in NAMES)
    assert len({made[f"{name}.key"] for name in NAMES}) == 3
    again = await key_files.unlock(folder, pins.pin)
    assert (again.digest, again.wrapping) == (first.digest, first.wrapping)
    assert again.signing.private_bytes_raw() == first.signing.private_bytes_raw() == made["signing.key"]
    assert contents(folder) == made
    assert pins == pinned
    assert list(pins) == NAMES


async def test_the_public_key_lies_beside_its_private_half(tmp_path: Path) -> None:
    """signing.pub is the PEM of the key that signs, and is made again where it is not; its hash names it."""
    pins = Pins()
    folder = tmp_path / "keys"
    keys = await key_files.unlock(folder, pins.pin)
    public = keys.signing.public_key().public_bytes_raw()
    assert (
        pins["signing"] == hashlib.sha256(public).hexdigest() == key_files.key_id(keys.signing.public_key())
    )
    pem = (folder / "signing.pub").read_bytes()
    assert load_pem_public_key(pem) == keys.signing.public_key()
    (folder / "signing.pub").write_bytes(b"another")
    await key_files.unlock(folder, pins.pin)
    assert (folder / "signing.pub").read_bytes() == pem


async def test_an_older_folder_gets_what_it_lacks(tmp_path: Path) -> None:
    """A folder and a database that know the digest key alone keep it, and get the others."""
    pins = Pins()
    old = await key_files.unlock(tmp_path / "keys", pins.pin)
    for name in ("wrapping", "signing"):
        (tmp_path / "keys" / f"{name}.key").unlink()
        del pins[name]
    new = await key_files.unlock(tmp_path / "keys", pins.pin)
    assert new.digest == old.digest
    assert new.wrapping != old.wrapping
    assert list(pins) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_lost_key_is_not_replaced(tmp_path: Path, name: str) -> None:
    """Where the database knows a key whose file is gone, the start is refused, and no new key stays."""
    folder, pins = tmp_path / "keys", Pins()
    await key_files.unlock(folder, pins.pin)
    whole, pinned = contents(folder), dict(pins)
    (folder / f"{name}.key").unlink()
    left = contents(folder)
    for _ in range(2):
        with pytest.raises(
            StartupError, match=rf"the {name} key .* missing: {folder}/{name}\.key .*--key-dir"
        ):
            await key_files.unlock(folder, pins.pin)
        assert contents(folder) == left
        assert pins == pinned
    (folder / f"{name}.key").write_bytes(whole[f"{name}.key"])
    await key_files.unlock(folder, pins.pin)


@pytest.mark.parametrize("name", NAMES)
async def test_a_foreign_key_is_named(tmp_path: Path, name: str) -> None:
    """Where one key is another database's, the start is refused, the key named, and every file kept."""
    pins = Pins()
    await key_files.unlock(tmp_path / "keys", pins.pin)
    await key_files.unlock(tmp_path / "others", Pins().pin)
    shutil.copy(tmp_path / "others" / f"{name}.key", tmp_path / "keys")
    kept = contents(tmp_path / "keys")
    with pytest.raises(StartupError, match=rf"the {name} key in {tmp_path}/keys is not the one"):
        await key_files.unlock(tmp_path / "keys", pins.pin)
    assert contents(tmp_path / "keys") == kept


async def test_a_foreign_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    """A database that knows its digest key alone learns no key of a folder that is not its own."""
    pins = Pins()
    await key_files.unlock(tmp_path / "keys", pins.pin)
    del pins["wrapping"], pins["signing"]
    await key_files.unlock(tmp_path / "others", Pins().pin)
    with pytest.raises(StartupError, match="digest"):
        await key_files.unlock(tmp_path / "others", pins.pin)
    with pytest.raises(StartupError, match="digest"):
        await key_files.unlock(tmp_path / "empty", pins.pin)
    assert list(pins) == ["digest"]
    assert contents(tmp_path / "empty") == {}
    await key_files.unlock(tmp_path / "keys", pins.pin)


async def test_keys_do_not_show(tmp_path: Path) -> None:
    """What is logged of the keys by accident is no key."""
    shown = repr(await key_files.unlock(tmp_path / "keys", Pins().pin))
    assert shown == "Keys()"

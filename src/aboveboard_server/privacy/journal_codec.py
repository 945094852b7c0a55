"""How the deletion journal is written: one JSON object a line, each with an id and a keyed checksum.

Version 1 had no ids. A line of it that is still there gets one derived from its content, so that two files
that hold it know it for the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import MISSING, asdict, fields
from typing import Any, NamedTuple, get_args
from uuid import UUID

from aboveboard_server.privacy.journal_lines import Entry, JournalError

VERSION = 2
CONTEXT = b"aboveboard journal\0"
ID_CONTEXT = b"aboveboard journal line\0"
# Versions of lines that are read.
_READ = frozenset({1, VERSION})
_CHECKSUM = b',"checksum":"'
_END = b'"}'

_KINDS: dict[str, type[Entry]] = {kind.__name__: kind for kind in get_args(Entry)}
# Each kind's fields in order, which of them are bytes, and what it means where a line lacks one.
_FIELDS = {name: tuple(field.name for field in fields(kind)) for name, kind in _KINDS.items()}
_DIGESTS = {
    name: tuple(place for place, field in enumerate(names) if field.endswith("_digest"))
    for name, names in _FIELDS.items()
}
_DEFAULTS = {
    name: {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    for name, kind in _KINDS.items()
}


class Line(NamedTuple):
    """A line of a journal: its place in its own file, from 1, and an entry with its id."""

    sequence: int
    entry_id: str
    entry: Entry


def encode(key: bytes, line: Line) -> bytes:
    """Return a line as a file holds it, its newline included."""
    values = {
        name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(line.entry).items()
    }
    head = {
        "version": VERSION,
        "sequence": line.sequence,
        "id": line.entry_id,
        "digest_key": key_name(key),
        "entry": type(line.entry).__name__,
    }
    return sealed(key, head | values)


def decode(key: bytes, line: bytes, name: str) -> Line:
    """Return what a line says, given without its newline.

    JournalError, with the line's `name`, where any bit of it is not as it was written.
    """
    said = unsealed(key, line, name)
    if said["version"] not in _READ or said["entry"] not in _KINDS:
        raise JournalError(f"{name} was written by another version of Aboveboard")
    entry_id = said["id"] if said["version"] == VERSION else _derived_id(key, said)
    return Line(said["sequence"], entry_id, _entry(said, name))


def is_of_version_1(line: bytes) -> bool:
    """Whether a line says of itself that an earlier Aboveboard has written it."""
    return line.startswith(b'{"version":1,')


def sealed(key: bytes, said: dict[str, Any]) -> bytes:
    """Write an object as one line that ends with its checksum, its newline included."""
    # ASCII alone: no text in it can end a line.
    body = json.dumps(said, separators=(",", ":")).encode("ascii")
    return body[:-1] + _CHECKSUM + _checksum(key, body) + _END + b"\n"


def unsealed(key: bytes, line: bytes, name: str) -> dict[str, Any]:
    """Return the object that a line without its newline was made of; JournalError as for `decode`."""
    body, mark, end = line.rpartition(_CHECKSUM)
    # Of the bytes themselves: the whole line, and not only what it says, has to be as it was written.
    if mark and hmac.compare_digest(end, _checksum(key, body + b"}") + _END):
        # As text: json would look at bytes for their encoding, which takes longer than to read them.
        said: dict[str, Any] = json.loads(body.decode("ascii") + "}")
        return said
    raise _refusal(key, line, name)


def _refusal(key: bytes, line: bytes, name: str) -> JournalError:
    try:
        made_with = json.loads(line)["digest_key"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return JournalError(f"{name} is damaged: it cannot be read")
    if made_with != key_name(key):
        return JournalError(f"{name} was made under another digest key than the one in this key directory")
    return JournalError(f"{name} is damaged: its checksum is not right")


def _entry(said: dict[str, Any], name: str) -> Entry:
    kind = said["entry"]
    try:
        values = [said[field] for field in _FIELDS[kind]]
    except KeyError:
        said = _DEFAULTS[kind] | said
        if not said.keys() >= set(_FIELDS[kind]):
            raise JournalError(f"{name} was written by another version of Aboveboard") from None
        values = [said[field] for field in _FIELDS[kind]]
    for place in _DIGESTS[kind]:
        if isinstance(values[place], str):
            values[place] = bytes.fromhex(values[place])
    return _KINDS[kind](*values)


def _derived_id(key: bytes, said: dict[str, Any]) -> str:
    content = {name: value for name, value in said.items() if name not in {"version", "sequence"}}
    digest = hmac.digest(key, ID_CONTEXT + json.dumps(content).encode("ascii"), "sha256")
    return str(UUID(bytes=digest[:16], version=4))


def _checksum(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, CONTEXT + body, "sha256").hex().encode("ascii")


def key_name(key: bytes) -> str:
    """Tell digest keys apart in public: 64 bits of a hash."""
    return hashlib.sha256(CONTEXT + key).hexdigest()[:16]

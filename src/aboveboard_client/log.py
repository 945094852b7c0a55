"""The local record of everything that was sent, for whoever wants to know."""

from __future__ import annotations

import json
import os
from time import time_ns
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from aboveboard_client.locks import locked

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

    from aboveboard_client.tally import Tally

NAME = "sent.log"
# How long a line waits for another process that is writing; it is left out then: sending waits for no log.
PATIENCE_SECONDS = 0.25
# What whoever reads along must not learn: it would let them send as, or lift for, somebody else.
SECRETS = ("writeKey", "preferenceToken")


class Unspeakable(Exception):  # noqa: N818  # reads as what happened
    """A request holds what JSON has no words for, such as NaN or a time that no calendar has."""


class SentLog:
    """One JSON object a line, only ever appended: `{"at", "rpc", "sent" | "answered" | "failed"}`.

    A request stands there before it goes, as it goes, but for the write key and the preference token. At half
    of `max_bytes` the file becomes `sent.log.1` and that before it is deleted; 0 keeps no log.
    """

    def __init__(self, folder: Path, max_bytes: int, tally: Tally) -> None:
        self.path = folder / NAME
        self._max_bytes = max_bytes
        self._tally = tally
        # Nothing while the last line could not be written: the next one waits for nobody.
        self._patience = PATIENCE_SECONDS

    def sent(self, rpc: str, request: Message) -> None:
        """Write down a request that is about to go; Unspeakable where there are no words for it."""
        if self._max_bytes:
            try:
                told = MessageToDict(request)
            except Exception as error:
                raise Unspeakable(str(error)) from error
            for name in SECRETS:
                told.pop(name, None)
            self._append(rpc, "sent", told)

    def answered(self, rpc: str, response: Message) -> None:
        """Write down what was answered."""
        if self._max_bytes:
            try:
                told: Any = MessageToDict(response)
            except Exception as error:  # noqa: BLE001  # whatever it is, the answer itself counts
                told = f"no words for it: {error}"
            self._append(rpc, "answered", told)

    def failed(self, rpc: str, why: str) -> None:
        """Write down that no answer came, or that it was an error."""
        if self._max_bytes:
            self._append(rpc, "failed", why)

    def erase(self) -> None:
        """Delete all of it; OSError."""
        # Whoever is writing a line meanwhile writes it into a file that has no name any more.
        for path in (self.path.with_name(f"{NAME}.1"), self.path):
            path.unlink(missing_ok=True)

    def _append(self, rpc: str, what: str, told: Any) -> None:
        at = Timestamp()
        at.FromNanoseconds(max(0, time_ns()))
        line = json.dumps({"at": at.ToJsonString(), "rpc": rpc, what: told}, ensure_ascii=False) + "\n"
        try:
            with locked(self.path.with_name("log.lock"), timeout=self._patience):
                if self.path.exists() and self.path.stat().st_size > self._max_bytes // 2:
                    self.path.replace(self.path.with_name(f"{NAME}.1"))
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                fd = os.open(self.path, flags, 0o600)
                try:
                    os.write(fd, line.encode())
                finally:
                    os.close(fd)
            self._patience = PATIENCE_SECONDS
        except OSError as error:
            self._patience = 0.0
            self._tally.trouble("log", "what is sent cannot be logged in %s: %s", self.path, error)

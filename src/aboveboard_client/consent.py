"""Whether this source may collect: by its environment, by its user, and by the service's answers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aboveboard.telemetry.v1.verdict_pb2 import CollectionStatus
from aboveboard_client.clock import NANOSECONDS
from aboveboard_client.locks import locked
from aboveboard_client.patience import within
from aboveboard_client.segment import sync_folder
from aboveboard_client.state import State, replace_durably

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from aboveboard_client.clock import Clock

# Who forbade it: the user of this machine, or the service.
USER, SERVICE = "user", "service"
DEFAULT_PING_SECONDS = 12 * 3600


class Consent:
    """What holds now. Kept as a file whose being there forbids, so that damage never permits."""

    def __init__(self, state: State, clock: Clock, *, switched_off: bool) -> None:
        self.switched_off = switched_off
        self.categories: frozenset[int] | None = None
        self.notice = ""
        self.collecting = False
        self._state = state
        self._clock = clock
        self._mark = state.folder / "disabled"
        # Who forbade it where that could not be written yet, as on a full disk.
        self._unwritten = ""
        self.refresh()

    def refresh(self) -> bool:
        """Look what other processes were told, and return whether collection is allowed. One stat."""
        if self._unwritten:
            with suppress(OSError), within(0.0):
                self.forbid(self._unwritten)
        self.collecting = not (self.switched_off or self._unwritten or self._mark.exists())
        return self.collecting

    def forbidden_by(self) -> str:
        """Return USER or SERVICE; empty where collection is allowed, or only the environment forbids it."""
        try:
            return SERVICE if self._mark.read_bytes() == SERVICE.encode() else USER
        except FileNotFoundError:
            return ""
        except OSError:
            return USER

    def forbid(self, by: str) -> None:
        """Allow nothing from now on, in every process and after a restart; OSError, and then in this one."""
        self.collecting = False
        self._unwritten = by
        self._state.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with locked(self._state.folder / "state.lock"):
                if self.forbidden_by() != USER:
                    replace_durably(self._mark, by.encode())
        except TimeoutError:
            # That it is there forbids. Whether another process lifted the service's is looked at later.
            if by == USER:
                self._mark.write_bytes(USER.encode())
                sync_folder(self._mark.parent)
            raise
        self._unwritten = ""

    def allow(self, by: str) -> None:
        """Lift what the service forbade, or the user too where it is the user who allows; OSError."""
        if by == USER or self._unwritten == SERVICE:
            self._unwritten = ""
        if self._mark.exists():
            with locked(self._state.folder / "state.lock"):
                if by == USER or self.forbidden_by() == SERVICE:
                    self._mark.unlink(missing_ok=True)
        self.refresh()

    def obey(self, status: CollectionStatus) -> bool:
        """Do as an answer says, and return whether collection is allowed; OSError."""
        self.notice = status.notice
        if status.HasField("server_time"):
            erased_before = _nanoseconds(status.erased_before) if status.HasField("erased_before") else 0
            self._clock.learn(_nanoseconds(status.server_time), erased_before)
        if status.state == CollectionStatus.STATE_DISABLED:
            self.forbid(SERVICE)
        elif status.state == CollectionStatus.STATE_ENABLED:
            self.categories = frozenset(status.categories)
            self.allow(SERVICE)
        seconds = _nanoseconds(status.ping_interval) / NANOSECONDS
        if seconds > 0 and self._state.read().get("ping_seconds", DEFAULT_PING_SECONDS) != seconds:
            with self._state.changing() as values:
                values["ping_seconds"] = seconds
        return self.collecting


def _nanoseconds(time: Timestamp | Duration) -> int:
    """Read a time as it is; its own methods fail where a service means more than any calendar holds."""
    return time.seconds * NANOSECONDS + time.nanos

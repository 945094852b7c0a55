"""By which rules a clock is suspect, and what the kernel says of it."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard_server.privacy import clock as clocks
from aboveboard_server.privacy.clock import AHEAD, BEHIND, Clock, Suspicion, judge
from aboveboard_server.storage.work.clock import Kept

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SPANS = st.timedeltas(min_value=timedelta(days=-4_000), max_value=timedelta(days=4_000))
LENGTHS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))


def kept(
    *,
    newest: timedelta = timedelta(),
    swept: timedelta = timedelta(),
    ran: timedelta = timedelta(),
    database_ahead: timedelta = timedelta(),
) -> Kept:
    """Return what is kept; times as they lie from NOW."""
    return Kept(NOW + newest, NOW + swept, ran, ran, database_ahead=database_ahead)


BEHIND_BY_AN_HOUR = [
    (None, None),
    (BEHIND, None),
    (BEHIND + SECOND, Suspicion.BEHIND_DATABASE),
    (timedelta(days=-1_200), None),
]


@pytest.mark.parametrize(("database", "expected"), BEHIND_BY_AN_HOUR)
@pytest.mark.parametrize("is_synchronised", [True, False])
def test_behind_the_database(
    database: timedelta | None, expected: Suspicion | None, *, is_synchronised: bool
) -> None:
    """By more than an hour, whatever the kernel says; where the database has a clock."""
    database_time = None if database is None else NOW + database
    assert judge(NOW, kept(), database_time=database_time, is_synchronised=is_synchronised) == expected


@pytest.mark.parametrize("is_synchronised", [True, False])
def test_behind_the_newest_time(*, is_synchronised: bool) -> None:
    """By more than an hour, whatever the kernel says."""
    for newest, expected in ((BEHIND, None), (BEHIND + SECOND, Suspicion.BEHIND_NEWEST_TIME)):
        judged = judge(NOW, kept(newest=newest), database_time=None, is_synchronised=is_synchronised)
        assert judged == expected


def test_ahead_of_what_servers_ran() -> None:
    """By more than 7 days since the last sweep, unless the kernel reports the clock as synchronised."""
    for ran in (timedelta(), timedelta(days=30)):
        for over, expected in ((timedelta(), None), (SECOND, Suspicion.AHEAD)):
            found = kept(swept=-(ran + AHEAD + over), newest=-ran, ran=ran)
            assert judge(NOW, found, database_time=None, is_synchronised=False) == expected
            assert judge(NOW, found, database_time=None, is_synchronised=True) is None


def test_an_accepted_difference_from_the_database() -> None:
    """It is no suspicion any more; an hour beyond it is."""
    accepted = timedelta(days=3)
    for ahead, expected in (
        (accepted + BEHIND, None),
        (accepted + BEHIND + SECOND, Suspicion.BEHIND_DATABASE),
    ):
        found = kept(database_ahead=accepted)
        assert judge(NOW, found, database_time=NOW + ahead, is_synchronised=True) == expected


@given(SPANS, SPANS, LENGTHS, st.none() | SPANS, st.booleans())
def test_every_rule_at_once(
    newest: timedelta,
    swept: timedelta,
    ran: timedelta,
    database: timedelta | None,
    is_synchronised: bool,  # noqa: FBT001  # Hypothesis gives it
) -> None:
    """A clock is plausible exactly where no rule says otherwise, and the first that does is told."""
    broken = []
    if database is not None and database > BEHIND:
        broken.append(Suspicion.BEHIND_DATABASE)
    if newest > BEHIND:
        broken.append(Suspicion.BEHIND_NEWEST_TIME)
    if not is_synchronised and -swept - ran > AHEAD:
        broken.append(Suspicion.AHEAD)
    judged = judge(
        NOW,
        kept(newest=newest, swept=swept, ran=ran),
        database_time=None if database is None else NOW + database,
        is_synchronised=is_synchronised,
    )
    assert judged == (broken[0] if broken else None)


class Kernel:
    """A C library whose kernel reports what a test has it report."""

    def __init__(self, told: int, status: int, ahead: float) -> None:
        self._told, self._status, self._ahead = told, status, ahead

    def adjtimex(self, state: object) -> int:
        """Report it."""
        timex = state._obj  # type: ignore[attr-defined]  # noqa: SLF001  # what ctypes.byref holds
        timex.status, timex.seconds = self._status, int(time.time() + self._ahead)
        return self._told


@pytest.mark.parametrize(
    ("told", "status", "ahead", "expected"),
    [
        (0, 0x2001, 0, True),
        (1, 0x2001, 0, True),
        # TIME_ERROR, STA_UNSYNC, a call that is not allowed, and a process that is shown another time.
        (5, 0x2001, 0, False),
        (0, 0x0041, 0, False),
        (-1, 0x2001, 0, False),
        (0, 0x2001, -1_200 * 86_400, False),
        (0, 0x2001, 3_600, False),
    ],
)
def test_what_the_kernel_reports(
    monkeypatch: pytest.MonkeyPatch, told: int, status: int, ahead: float, *, expected: bool
) -> None:
    """It vouches for its own clock alone, and only where time servers keep that."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Kernel(told, status, ahead))
    assert Clock().is_synchronised() is expected


def test_the_real_kernel_answers() -> None:
    """The structure is the C library's: the kernel's seconds stand where they are read."""
    state = clocks._Timex()  # noqa: SLF001  # what is tested
    if ctypes.CDLL(None).adjtimex(ctypes.byref(state)) < 0:
        pytest.skip("this machine lets nobody ask its kernel for the time's state")
    assert abs(state.seconds - time.time()) < 2


def test_no_time_zone_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is UTC's in every zone of the process."""
    for zone in ("America/St_Johns", "Pacific/Kiritimati"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert abs((Clock().now() - datetime.fromtimestamp(time.time(), UTC)).total_seconds()) < 1
    monkeypatch.delenv("TZ")
    time.tzset()

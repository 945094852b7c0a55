"""Whatever was done, in whatever order, by whatever clock: a restored backup takes no promise back."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from tests.support.restores import SERVERS, SUBJECTS, Service

one_of_them = st.integers(0, SUBJECTS - 1)
places = st.integers(0, 5)
servers = st.integers(0, len(SERVERS) - 1)
# Whether the process dies between the journal and the database.
crash = st.sampled_from([False, False, False, True])
months = st.sampled_from(["2026-10", "2026-11"])


class Restores(RuleBasedStateMachine):
    """Interleaves all that the journal tells of with clocks, backups, merges and compactions."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self._service = Service(self._folder)

    def teardown(self) -> None:
        """Restart once more, and clean up."""
        self._service.start()
        self._service.close()
        shutil.rmtree(self._folder)

    @rule(one=one_of_them)
    def send(self, one: int) -> None:
        """An event comes."""
        self._service.send(one)

    @rule(one=one_of_them, server=servers, crashes=crash)
    def delete(self, one: int, server: int, *, crashes: bool) -> None:
        """An administrator deletes."""
        self._service.delete(one, server, crashes=crashes)

    @rule(one=one_of_them, is_copied=st.booleans())
    def ask(self, one: int, *, is_copied: bool) -> None:
        """A source asks to be deleted; the database may be copied while that waits."""
        self._service.ask(one)
        if is_copied:
            self._service.back_up()

    @rule(place=places, server=servers, crashes=crash)
    def confirm(self, place: int, server: int, *, crashes: bool) -> None:
        """An administrator confirms."""
        self._service.confirm(place, server, crashes=crashes)

    @rule(place=places, server=servers, crashes=crash)
    def reject(self, place: int, server: int, *, crashes: bool) -> None:
        """An administrator rejects."""
        self._service.reject(place, server, crashes=crashes)

    @rule(one=one_of_them, server=servers, by_itself=st.booleans(), crashes=crash)
    def opt_out(self, one: int, server: int, *, by_itself: bool, crashes: bool) -> None:
        """Somebody opts out."""
        self._service.opt_out(one, server, by_itself=by_itself, crashes=crashes)

    @rule(place=places, server=servers, crashes=crash)
    def revoke(self, place: int, server: int, *, crashes: bool) -> None:
        """An opt-out is lifted."""
        self._service.revoke(place, server, crashes=crashes)

    @rule(month=months, count=st.integers(100, 200), server=servers, crashes=crash)
    def release(self, month: str, count: int, server: int, *, crashes: bool) -> None:
        """A month is released."""
        self._service.release(month, count, server, crashes=crashes)

    @rule(hours=st.integers(-24 * 400, 24 * 400))
    def set_clock(self, hours: int) -> None:
        """The clock is set wrong, or right again."""
        self._service.skew = timedelta(hours=hours) if hours % 3 else timedelta()

    @rule(minutes=st.integers(0, 60 * 24 * 20))
    def wait(self, minutes: int) -> None:
        """Time goes by."""
        self._service.true_time += timedelta(minutes=minutes)

    @rule()
    def back_up(self) -> None:
        """The database is copied."""
        self._service.back_up()

    # Twice as often as anything else: by two rules.
    @rule(place=places)
    def restore(self, place: int) -> None:
        """A backup is put back."""
        self._service.restore(place)

    @rule()
    def restore_newest(self) -> None:
        """The newest backup is put back."""
        self._service.restore(0)

    @rule(server=servers)
    def compact(self, server: int) -> None:
        """A journal is written anew."""
        self._service.compact(server)

    @rule()
    def lose_machine(self) -> None:
        """A key directory is made again from an export."""
        self._service.lose_machine()


@pytest.mark.parametrize("runs", [5, pytest.param(150, marks=pytest.mark.fault(seconds=120))])
def test_no_promise_is_taken_back(runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No order of deletions, confirmations, rejections, opt-outs, releases, clocks and backups does."""
    # What crashes here is a process: nobody cuts the power.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    run_state_machine_as_test(
        Restores,
        settings=settings(
            max_examples=runs,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("by_itself", [False, True])
def test_an_opt_out_after_one_that_was_lifted_holds(tmp_path: Path, *, by_itself: bool) -> None:
    """The backup has the first in force, which the journal lifts and does not take for the second."""
    service = Service(tmp_path)
    service.opt_out(0, 0, by_itself=by_itself, crashes=False)
    service.back_up()
    service.revoke(0, 0, crashes=False)
    service.opt_out(0, 0, by_itself=by_itself, crashes=False)
    service.restore(0)
    service.close()

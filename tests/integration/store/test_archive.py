"""A month is counted once from the live rows, released once, and never restated; a crash changes nothing."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import erasures
from tests.support.archived import journal_beside
from tests.support.batches import SCHEMA, batch_of
from tests.support.clients import deployment_source, element, environment, ping, server_source

from aboveboard.event.v1.change_type_pb2 import CHANGE_TYPE_UPDATE
from aboveboard_server.privacy import archive_release, subjects
from aboveboard_server.privacy import journal as journal_file
from aboveboard_server.privacy.archive import Archive
from aboveboard_server.privacy.archive_cells import fixed_cells
from aboveboard_server.privacy.archive_settings import ArchiveSettings
from aboveboard_server.privacy.journal_lines import ReleaseCell
from aboveboard_server.storage.columns import EPOCH, MICROSECOND
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import archive as work
from aboveboard_server.storage.work.archive import Counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.privacy.journal_writer import JournalWriter
    from aboveboard_server.storage.ports import EventStore

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
SOON = JULY + timedelta(minutes=11)
# Events live for the least that is allowed, so that June alone is still whole soon after its end.
SHORT_LIVED = replace(
    SCHEMA,
    events=tuple(replace(event, policy=replace(event.policy, retention_days=45)) for event in SCHEMA.events),
)
COUNTED = [
    Counted("element_stat", "change_type"),
    Counted("environment_stat", "change_type"),
    Counted("ping", ""),
]
# Hardly any noise, so that a few contributors are published and every number is known.
WEAK = ArchiveSettings(
    solutions=("Connects", "Testsigma CE"),
    event_types=("element_stat", "ping"),
    clip=40,
    epsilon=1e6,
    allow_weaker=True,
)


@pytest.fixture
def journal(tmp_path: Path) -> JournalWriter:
    return journal_beside(tmp_path)


def micros(time: datetime) -> int:
    return (time - EPOCH) // MICROSECOND


def updated() -> EventEnvelope:
    event = element()
    event.element_stat.change_type = CHANGE_TYPE_UPDATE
    return event


async def receive(store: EventStore, *events: EventEnvelope, at: datetime = JUNE, **source: Any) -> None:
    source.setdefault("company_id", "busag")
    await store.commit([batch_of(deployment_source(**source), *events, received_at=micros(at))])


async def counted(store: EventStore, *solutions: str) -> list[dict[tuple[str, str, str], int]]:
    found = await store.read(work.contributions, COUNTED, solutions, JUNE, JULY)
    return sorted(found, key=str)


async def many_companies(store: EventStore, companies: int = 30) -> None:
    """Have each company send ten elements, five changes from elsewhere, and what comes too late to count."""
    batches = []
    for number in range(companies):
        one, other = (deployment_source(f"company-{number}", place) for place in ("d1", "d2"))
        batches += [
            batch_of(one, *(element() for _ in range(10)), received_at=micros(JUNE)),
            batch_of(other, *(updated() for _ in range(5)), received_at=micros(JUNE)),
            batch_of(one, element(), received_at=micros(JULY)),
        ]
    await store.commit(batches)


async def released(store: EventStore) -> dict[tuple[str, str], tuple[int, int]]:
    found = await store.read(work.aggregates, min_month="", max_month="", event_type="")
    assert {one.month for one in found} <= {"2026-06"}
    return {(one.event_type, one.change_type): (one.count, one.contributors) for one in found}


async def test_what_a_company_sends_is_counted_as_one_contributors(store: EventStore) -> None:
    """Deployments and users of a company are one contributor, over all event types; a server is its own."""
    await receive(store, element(), updated(), element(), user_id="u1")
    await receive(store, element(), ping(), environment(), deployment_id="d2")
    await receive(store, element(), company_id="other")
    server = server_source(solution="Connects")
    await store.commit([batch_of(server, element(), received_at=micros(JUNE))])
    assert await counted(store, "Connects") == [
        {("element_stat", "CREATE", "Connects"): 1},
        {("element_stat", "CREATE", "Connects"): 1},
        {
            ("element_stat", "CREATE", "Connects"): 3,
            ("element_stat", "UPDATE", "Connects"): 1,
            ("environment_stat", "CREATE", "Connects"): 1,
            ("ping", "", "Connects"): 1,
        },
    ]


async def test_a_month_is_that_of_receipt(store: EventStore) -> None:
    """From its first microsecond to its last, whatever the clocks of clients say."""
    for time in (JUNE - MICROSECOND, JUNE, JULY - MICROSECOND, JULY):
        await receive(store, element(), at=time)
    assert await counted(store, "Connects") == [{("element_stat", "CREATE", "Connects"): 2}]


async def test_only_solutions_that_were_named_are_counted(store: EventStore) -> None:
    """A solution that only a client has named, or none, makes no key."""
    await receive(store, element(), solution="Connects")
    await receive(store, element(), solution="made up")
    await store.commit([batch_of(server_source(), element(), received_at=micros(JUNE))])
    assert await counted(store, "Connects", "Testsigma CE") == [{("element_stat", "CREATE", "Connects"): 1}]


async def test_a_month_is_released_once_it_is_over(store: EventStore, journal: JournalWriter) -> None:
    """Counts are clipped and exact but for next to no noise; cells of too few are left out."""
    archive = Archive(store, SHORT_LIVED, WEAK, journal)
    await many_companies(store)
    giant = [updated() for _ in range(390)]
    await receive(store, *giant, *(element() for _ in range(10)), company_id="giant")
    assert await archive.release_due(JULY - timedelta(days=1)) == await archive.release_due(JULY)
    assert await archive.release_due(SOON) == ["2026-06"]
    # Of the giant's 400 events 40 count, 39 of them updates.
    assert await released(store) == {
        ("element_stat", "CREATE"): (301, 31),
        ("element_stat", "UPDATE"): (189, 31),
    }
    [cell, _] = await store.read(work.aggregates, min_month="", max_month="", event_type="")
    assert cell.epsilon == 1e6
    assert cell.count_expected_error < 1
    assert datetime.now(UTC) - cell.released_at < timedelta(minutes=1)


async def test_a_release_is_frozen(store: EventStore, backend: Backend, journal: JournalWriter) -> None:
    """What comes later into a released month changes nothing; nor is any noise kept, which would undo it."""
    archive = Archive(store, SHORT_LIVED, WEAK, journal)
    await many_companies(store)
    await archive.release_due(SOON)
    before = await released(store)
    await receive(store, *(element() for _ in range(30)))
    assert await archive.release_due(SOON) == []
    assert not await store.work(work.publish, "2026-06", released_at=SOON)
    assert await released(store) == before
    kept = backend.query("SELECT noise FROM archive_release")
    assert {str(noise) for (noise,) in kept} == {"{}"}


async def test_missed_months_are_released_as_long_as_all_their_rows_live(
    store: EventStore, journal: JournalWriter
) -> None:
    """A server that was down goes back as far as the shortest retention does, and no further."""
    late = JUNE + timedelta(days=45)
    assert await Archive(store, SHORT_LIVED, WEAK, journal).release_due(late + MICROSECOND) == []
    assert await Archive(store, SHORT_LIVED, WEAK, journal).release_due(late) == ["2026-06"]
    assert await Archive(store, SCHEMA, WEAK, journal).release_due(SOON) == [
        *(f"2025-{month:02}" for month in range(8, 13)),
        *(f"2026-{month:02}" for month in range(1, 6)),
    ]


async def test_without_solutions_nothing_is_released(
    store: EventStore, backend: Backend, journal: JournalWriter
) -> None:
    """There is no archive then."""
    await many_companies(store, 1)
    assert await Archive(store, SHORT_LIVED, ArchiveSettings(), journal).release_due(SOON) == []
    assert backend.count("archive_release") == 0


class Killed(Exception):  # noqa: N818  # it is no error of anybody's
    """Stands for the end of the process."""


class Dying:
    """A store and a journal whose process is killed before or after the call of a number."""

    def __init__(self, store: EventStore, journal: JournalWriter, calls: int, *, after: bool) -> None:
        self._left = calls
        self._after = after
        self.read, self.work = self._dying(store.read), self._dying(store.work)
        self.release = self._dying(journal.release)

    def _dying(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            done = await method(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return done

        return call


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_at_any_step_changes_no_number(  # noqa: PLR0913  # its fixtures
    tmp_path: Path,
    store: EventStore,
    backend: Backend,
    journal: JournalWriter,
    monkeypatch: pytest.MonkeyPatch,
    *,
    after: bool,
) -> None:
    """Killed at each of the steps in turn, one draw is published, and the journal tells of no other."""
    settings = ArchiveSettings(
        solutions=("Connects",), event_types=("element_stat",), clip=40, epsilon=20, allow_weaker=True
    )
    await many_companies(store, 60)
    draws: list[archive_release.Draw] = []
    draw = archive_release.draw

    def watched(*args: Any) -> archive_release.Draw:
        draws.append(draw(*args))
        return draws[-1]

    monkeypatch.setattr(archive_release, "draw", watched)
    seen: list[dict[tuple[str, str], tuple[int, int]]] = []
    for calls in range(1, 8):
        dying: Any = Dying(store, journal, calls, after=after)
        with contextlib.suppress(Killed):
            await Archive(dying, SHORT_LIVED, settings, dying).release_due(SOON)
        assert {str(noise) for (noise,) in backend.query("SELECT noise FROM archive_release")} <= {"{}"}
        if numbers := await released(store):
            seen.append(numbers)
    assert backend.count("archive_release") == 1
    assert len({str(numbers) for numbers in seen}) == 1
    exact = {"CREATE": 600, "UPDATE": 300}
    assert seen[0] in [
        {
            (cell.event_type, cell.change_type): (
                exact[cell.change_type] + added.events,
                60 + added.contributors,
            )
            for cell, added in drawn.noise.items()
            if cell.change_type in exact
        }
        for drawn in draws
    ]
    told = [
        (entry.release_id, (entry.event_type, entry.change_type), (entry.count, entry.contributors))
        for entry in journal_file.read(tmp_path / "archive-keys")
        if isinstance(entry, ReleaseCell)
    ]
    assert len({release_id for release_id, _, _ in told}) * len(seen[0]) == len(told)
    assert {key: numbers for _, key, numbers in told} == seen[0]


async def test_what_an_earlier_version_drew_is_published_and_goes(
    tmp_path: Path, store: EventStore, backend: Backend, journal: JournalWriter
) -> None:
    """It is not drawn again, and on SQLite no byte of its noise is left in any file."""
    canary = 987_654_321_987
    await many_companies(store)
    drawn = archive_release.draw(WEAK, fixed_cells(SHORT_LIVED, WEAK))
    rows = [[*cell, canary, 0] for cell in drawn.noise]
    settings = json.dumps(archive_release.stored_settings(drawn))
    drawn_at = str(micros(SOON)) if backend.name == "sqlite" else "now()"
    backend.execute(
        "INSERT INTO archive_release (month, settings, noise, drawn_at)"
        f" VALUES ('2026-06', '{settings}', '{json.dumps({'cells': rows})}', {drawn_at})"
    )
    if backend.name == "sqlite":
        assert found_in_files(tmp_path, str(canary))
    assert await Archive(store, SHORT_LIVED, WEAK, journal).release_due(SOON) == ["2026-06"]
    assert (await released(store))["element_stat", "CREATE"] == (300 + canary, 30)
    if backend.name == "sqlite":
        assert not found_in_files(tmp_path, str(canary))
        await store.probe()


def found_in_files(folder: Path, text: str) -> list[str]:
    """Return the names of the database's files that hold a text."""
    return [path.name for path in folder.glob("aboveboard.db*") if text.encode() in path.read_bytes()]


async def test_whoever_is_being_deleted_counts_no_more(store: EventStore) -> None:
    """From the moment a deletion begins, though its rows are still there."""
    await receive(store, element(), company_id="gone")
    await receive(store, element(), element(), company_id="stays")
    record = SubjectRecord("COMPANY", subjects.digest(bytes(32), "COMPANY", ["gone"]), company_id="gone")
    await erasures.begin(store, record)
    assert await counted(store, "Connects") == [{("element_stat", "CREATE", "Connects"): 2}]

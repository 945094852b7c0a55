"""Puts the service together, runs it, and takes it down: the only place that knows every part."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from aboveboard_server import event_loop, log_lines
from aboveboard_server.access.first import ensure_admin_key
from aboveboard_server.access.guard import Guard
from aboveboard_server.access.keys import Keys
from aboveboard_server.access.ring import KeyRing
from aboveboard_server.addresses import is_loopback
from aboveboard_server.background import Background
from aboveboard_server.errors import StartupError, StoreUnavailableError
from aboveboard_server.garbage import collect_less_often
from aboveboard_server.grpc_api.admin_servicer import AdminServicer, Rooms
from aboveboard_server.grpc_api.ingest_servicer import IngestServicer
from aboveboard_server.grpc_api.server import admin_listener, ingest_listener
from aboveboard_server.http_edge import app as http_app
from aboveboard_server.http_edge.listener import HttpListener
from aboveboard_server.http_edge.writers import Writers
from aboveboard_server.ingest.crowding import Crowding
from aboveboard_server.ingest.gate import Announcement, Gate
from aboveboard_server.ingest.group_commit import GroupCommitter
from aboveboard_server.ingest.loss import LossEstimator
from aboveboard_server.ingest.quarantine import Quarantine
from aboveboard_server.ingest.readiness import Readiness
from aboveboard_server.ingest.service import IngestService
from aboveboard_server.ingest.sorter import Sorter
from aboveboard_server.ingest.sources import SourceReader
from aboveboard_server.ingest.stream import Streams
from aboveboard_server.limits import Limiter
from aboveboard_server.listeners import GRACE, Door, stop_listeners
from aboveboard_server.monitor import Monitor
from aboveboard_server.privacy import deletion, journal_rebuild, sweep
from aboveboard_server.privacy import keys as key_files
from aboveboard_server.privacy.archive import Archive
from aboveboard_server.privacy.archive_list import ArchiveList
from aboveboard_server.privacy.audit import AuditLog
from aboveboard_server.privacy.clock_admin import ClockAdmin
from aboveboard_server.privacy.clock_guard import ClockGuard
from aboveboard_server.privacy.companies import Companies
from aboveboard_server.privacy.company_keys import CompanyKeys
from aboveboard_server.privacy.cut_offs import CutOffs
from aboveboard_server.privacy.deletion import Deletions
from aboveboard_server.privacy.doubts import Doubts
from aboveboard_server.privacy.eraser import Eraser, ScrubPolicy
from aboveboard_server.privacy.export import Exporter
from aboveboard_server.privacy.installations import Installations
from aboveboard_server.privacy.journal_keeper import JournalKeeper
from aboveboard_server.privacy.journal_writer import JournalWriter
from aboveboard_server.privacy.named import SubjectReader
from aboveboard_server.privacy.opt_outs import OptOuts
from aboveboard_server.privacy.preferences import Preferences, Refusals
from aboveboard_server.privacy.published import PublishedDictionary
from aboveboard_server.privacy.receipt_chain import ReceiptChain
from aboveboard_server.privacy.restore import Finder, restore
from aboveboard_server.privacy.retention import Retention
from aboveboard_server.privacy.rollback import replay_after_rollbacks
from aboveboard_server.privacy.schedule import Job, Schedule
from aboveboard_server.privacy.sealed_subjects import SealedSubjects
from aboveboard_server.privacy.sweep import Sweep
from aboveboard_server.privacy.unseen import UnseenRefusals
from aboveboard_server.privacy.users import Users
from aboveboard_server.schema import catalog as schema_catalog
from aboveboard_server.schema.tables import import_all
from aboveboard_server.signals import to_stop
from aboveboard_server.storage.address import database_url, is_postgres, libpq_parameters, sqlite_path
from aboveboard_server.storage.ownership import FileOwnership
from aboveboard_server.storage.preparation import (
    migrate_postgres,
    migrate_sqlite,
    prepare_postgres,
    prepare_sqlite,
)
from aboveboard_server.storage.sqlite import SqliteStore
from aboveboard_server.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    import grpc
    from sqlalchemy import URL

    from aboveboard_server.schema.catalog import Catalog
    from aboveboard_server.settings import Settings
    from aboveboard_server.storage.ports import EventStore

log = structlog.get_logger()

# Seconds until a server loads the generated tables, unless somebody needs them before: events do not.
LOAD_TABLES_AFTER = 5.0
# How often it is looked whether a month has closed.
ARCHIVE_INTERVAL = timedelta(hours=1)
# How often it is looked whether a deletion has waited for too long.
LAPSE_INTERVAL = timedelta(hours=1)


@dataclass(slots=True)
class Service:
    """A running service: its listeners, the loops beside them, and the addresses they are bound to."""

    listeners: tuple[Door, ...]
    background: Background
    ingest_address: str
    admin_address: str
    http_address: str


def run(
    settings: Settings,
    stop_with: int | None = None,
    on_serving: Callable[[], None] = lambda: None,
    announce: Callable[[str], None] = log_lines.show,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then drain. Exits with the reason where it cannot begin.

    `stop_with` is a descriptor whose end stops it too; `on_serving` is called once it takes calls, `announce`
    with what the operator alone may see.
    """
    try:
        event_loop.run(_serve(settings, stop_with, on_serving, announce))
    except StartupError as error:
        log_lines.end(f"aboveboard: {error}")
    except StoreUnavailableError:
        log_lines.end("aboveboard: the database takes no commits; see above, and ask: aboveboard doctor")


async def _serve(
    settings: Settings,
    stop_with: int | None,
    on_serving: Callable[[], None],
    announce: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in to_stop():
        loop.add_signal_handler(name, stop.set)
    if stop_with is not None:
        loop.add_reader(stop_with, stop.set)
    async with AsyncExitStack() as stack:
        service = await start(settings, stack, announce=announce)
        collect_less_often()
        log.info(
            "serving",
            ingest=service.ingest_address,
            admin=service.admin_address,
            http=service.http_address,
        )
        on_serving()
        await stop.wait()
        if stop_with is not None:
            loop.remove_reader(stop_with)
        log.info("draining")
    log.info("stopped")


async def start(
    settings: Settings,
    stack: AsyncExitStack,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
    announce: Callable[[str], None] = log_lines.show,
) -> Service:
    """Start everything; `stack` takes it down again in the reverse order, the listeners first."""
    ingest_terms, admin_terms, http_terms = terms_of(settings)
    background = Background()
    store = await open_store(settings.database, background)
    stack.push_async_callback(store.close)
    keys = await key_files.unlock(settings.key_dir, store.pin_keys)
    catalog = schema_catalog.default()
    users = Users(CompanyKeys(store, keys.wrapping), keys.digest)
    sources = SourceReader(catalog, keys.digest, users, store.forbidden)
    sorter = Sorter(catalog)
    gate = Gate(store, Announcement(settings.ping_interval_hours * 3600, settings.notice))
    committer = GroupCommitter(store, crowded=Crowding().crowded)
    stack.push_async_callback(committer.close)
    service = IngestService(sources, sorter, gate, committer)
    journal, subjects, finder = (
        JournalWriter(settings.key_dir, store.make_room),
        SubjectReader(keys.digest, users),
        Finder(store, keys.digest),
    )
    clock_guard = ClockGuard(store, journal, background)
    revoked = await _restore(store, journal, finder, clock_guard, stack)
    replay_again = background.start(
        "rollbacks", partial(replay_after_rollbacks, store, journal, finder, clock_guard)
    )
    stack.push_async_callback(replay_again.stop)
    await ensure_admin_key(store, settings.bootstrap_token, revoked, announce)
    ring, limiter, guard = await _locks(settings, store, committer, background, stack)
    scrubbing = ScrubPolicy(settings.scrub_quiet_seconds, timedelta(hours=settings.scrub_within_hours))
    receipts = ReceiptChain(store, keys.signing)
    sealed, lapse = (
        SealedSubjects(keys.wrapping, keys.digest, users),
        timedelta(days=settings.deletion_lapse_days),
    )
    cut_off_next = CutOffs(store, clock_guard, finder, sealed, journal).set_next
    eraser = Eraser(store, receipts, scrubbing, cut_off_next, background)
    stack.push_async_callback(eraser.close)
    clock_guard.when_plausible(eraser.wake)
    deletions = Deletions(store, subjects, finder, sealed, journal, eraser.wake, lapse, clock_guard)
    refusals, doubts, minutely = await _refusals(settings, store, journal, keys.digest)
    preferences = Preferences(sources, gate, deletions, refusals)
    readiness = Readiness(store, committer, background)
    stack.push_async_callback(readiness.close)
    ingest = IngestServicer(service, preferences, Streams(settings.transport.max_connection_age), limiter)
    retention = Retention(store, catalog, clock_guard)
    sweeper = Sweep(store, retention, catalog, keys.digest, clock_guard)
    published = await _published(catalog, retention)
    rooms = Rooms(
        opt_outs=OptOuts(store, subjects, journal, doubts),
        deletions=deletions,
        receipts=receipts,
        exporter=Exporter(store, subjects, catalog, lapse),
        companies=Companies(store, keys.digest),
        installations=Installations(store),
        quarantine=Quarantine(store, sources, sorter, gate),
        loss=LossEstimator(store),
        audit=AuditLog(store),
        archive=ArchiveList(store),
        retention=retention,
        sweep=sweeper,
        keys=Keys(store, journal, ring, keys.digest),
        clock=ClockAdmin(store, journal, clock_guard),
    )
    admin = AdminServicer(rooms)
    grpc_listeners = (
        ingest_listener(ingest_terms, ingest, guard, limiter, interceptors),
        admin_listener(admin_terms, admin, guard, interceptors),
    )
    listeners: tuple[Door, ...] = (
        *grpc_listeners,
        HttpListener(
            http_terms,
            http_app.build(
                http_app.Rooms(
                    Writers(service, preferences, guard, limiter),
                    readiness.is_ready,
                    published.current,
                    receipts.published_head,
                    guard,
                    is_loopback(settings.http_bind),
                ),
                limiter,
            ),
            GRACE,
            readiness.stop,
            background,
        ),
    )
    jobs = [
        Job(sweep.NAME, sweeper.run),
        Job("archive", Archive(store, catalog, settings.archive, journal).release_due, ARCHIVE_INTERVAL),
        Job(deletion.JOB, deletions.lapse, LAPSE_INTERVAL),
    ]
    schedule = Schedule(store, clock_guard, jobs, background)
    stack.push_async_callback(schedule.stop)
    monitor = Monitor(
        store,
        committer,
        readiness,
        [listener.set_ready for listener in grpc_listeners],
        minutely,
    )
    stack.push_async_callback(stop_listeners, listeners)
    addresses = [await listener.start() for listener in listeners]
    keeper = JournalKeeper(settings.key_dir, lambda: clock_guard.suspicion is None, background)
    _begin_to_look(schedule, monitor, keeper, background, stack)
    return Service(listeners, background, *addresses)


def _begin_to_look(
    schedule: Schedule,
    monitor: Monitor,
    keeper: JournalKeeper,
    background: Background,
    stack: AsyncExitStack,
) -> None:
    """Start what is done beside answering."""
    stack.push_async_callback(background.start("tables", _load_tables).stop)
    schedule.start()
    monitor.start(background)
    stack.push_async_callback(monitor.stop)
    keeper.start()
    stack.push_async_callback(keeper.stop)


async def _published(catalog: Catalog, retention: Retention) -> PublishedDictionary:
    """Return the public dictionary, known from the start, so that the page is there when the store is not."""
    published = PublishedDictionary(catalog, retention)
    with suppress(StoreUnavailableError):
        await published.current()
    return published


async def _restore(
    store: EventStore,
    journal: JournalWriter,
    finder: Finder,
    clock_guard: ClockGuard,
    stack: AsyncExitStack,
) -> frozenset[bytes]:
    """Replay the journal, and return the digests of ended secrets."""
    stack.push_async_callback(clock_guard.close)
    return await restore(store, journal, finder, clock_guard)


async def _refusals(
    settings: Settings, store: EventStore, journal: JournalWriter, digest_key: bytes
) -> tuple[Refusals, Doubts, Mapping[str, Callable[[], Awaitable[None]]]]:
    """Return what keeps the refusals of sources, and what it needs once a minute."""
    doubts, unseen = Doubts(store, journal), UnseenRefusals(store, settings.max_unseen_opt_outs)
    await unseen.recount()
    refusals = Refusals(store, journal, digest_key, unseen, doubts)
    return refusals, doubts, {"unseen": unseen.recount, "doubts": doubts.settle_all}


async def _locks(
    settings: Settings,
    store: EventStore,
    committer: GroupCommitter,
    background: Background,
    stack: AsyncExitStack,
) -> tuple[KeyRing, Limiter, Guard]:
    """Return what decides who comes in, and how often."""
    ring = KeyRing(store, background)
    await ring.start()
    stack.push_async_callback(ring.close)
    limiter = Limiter(settings.limits, lambda: committer.full)
    return ring, limiter, Guard(ring, limiter.count, required=settings.write_keys_required)


async def open_store(database: str, background: Background | None = None) -> EventStore:
    """Open the store that a URL names, made ready where it is a new file; StartupError where it is not.

    `background` runs its loops, those of its own unless said.
    """
    background = background or Background()
    url = database_url(database)
    if is_postgres(url):
        return await _open_postgres(url, background)
    path = sqlite_path(url)
    ownership = FileOwnership(path)
    prepare_sqlite(path)
    return SqliteStore(path, ownership, background)


def migrate(database: str) -> list[str]:
    """Bring a database to this version's schema, and return a line for each thing done."""
    url = database_url(database)
    if is_postgres(url):
        return migrate_postgres(url)
    path = sqlite_path(url)
    ownership = FileOwnership(path)
    try:
        return migrate_sqlite(path)
    finally:
        ownership.release()


async def rebuild_journal(database: str, key_dir: Path) -> int:
    """Write the journal of a key directory anew from its database; return how many entries it has."""
    store = await open_store(database)
    try:
        await key_files.unlock(key_dir, store.pin_keys)
        return await journal_rebuild.rebuild(store, key_dir, datetime.now(UTC))
    finally:
        await store.close()


async def _open_postgres(url: URL, background: Background) -> EventStore:
    # Late: a server on SQLite starts sooner without a driver that it never needs.
    from aboveboard_server.storage.maintenance import Maintenance  # noqa: PLC0415
    from aboveboard_server.storage.postgres import PostgresStore  # noqa: PLC0415

    await asyncio.to_thread(prepare_postgres, url)
    store = PostgresStore(libpq_parameters(url), Maintenance(url), background)
    await store.open()
    return store


async def _load_tables() -> None:
    """Load what deletions and exports need, before most are asked for and beside what is."""
    await asyncio.sleep(LOAD_TABLES_AFTER)
    await asyncio.to_thread(import_all)

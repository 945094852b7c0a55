"""What EventStore.commit promises."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.batches import (
    RECEIVED_AT,
    SCHEMA,
    batch_of,
    batch_of_rows,
    comes_to_hold,
    duplicates,
    elements,
    full,
    ids,
    opt_out,
    pings,
    quarantined_batch,
    random_id,
    record,
    row,
)
from tests.support.clients import deployment_source, element, new_id, ping, server_source

from aboveboard_server import bootstrap
from aboveboard_server.schema import rows
from aboveboard_server.schema.catalog import TIMESTAMP
from aboveboard_server.storage.ports import QUARANTINE, CommitResult

if TYPE_CHECKING:
    from tests.integration.store.conftest import Backend

    from aboveboard.telemetry.v1.event_pb2 import EventEnvelope
    from aboveboard_server.schema.catalog import EventType
    from aboveboard_server.storage.ports import EventStore

MINUTE = 60_000_000
HERE = server_source()


@pytest.mark.parametrize("prepared", [False, True], ids=["as it comes", "prepared"])
@pytest.mark.parametrize("alone", [False, True], ids=["together", "one by one"])
async def test_every_value_of_every_event_is_stored_as_it_was_sent(
    store: EventStore, backend: Backend, *, alone: bool, prepared: bool
) -> None:
    """A row holds each value of its event, in the column of its name; what is absent is empty."""
    sent = {event.name: [row(full(event)), row(bare(event))] for event in SCHEMA.events}
    calls = [{table: [one]} for table, pair in sent.items() for one in pair] if alone else [sent]

    for call in calls:
        batch = batch_of_rows(record(HERE), call)
        if prepared:
            store.prepare(batch)
        assert await store.commit([batch]) == [CommitResult()]

    for event in SCHEMA.events:
        names = ["source_id", "received_at", *rows.columns(SCHEMA, event)]
        times = {"received_at", "occurred_at", "occurred_at_corrected"} | {
            field.name for field in event.fields if field.message_type == TIMESTAMP
        }
        columns = ", ".join(backend.micros(name) if name in times else name for name in names)
        found = backend.query(f"SELECT {columns} FROM {event.name}")
        expected = [(1, RECEIVED_AT, *values) for values in sent[event.name]]
        assert sorted(map(plain, found), key=str) == sorted(map(plain, expected), key=str)


async def test_what_was_prepared_is_stored_under_its_own_source(store: EventStore, backend: Backend) -> None:
    """Whether the store has met the source by then or not; and which of it was there already is told."""
    sources = [server_source(), deployment_source("acme"), deployment_source("other")]
    sent: dict[str, list[str]] = {}
    told = []
    held = new_id()
    for shared in ([], [], [held], [held]):
        batches = []
        for source in sources:
            own = ids(10)
            batches.append(batch_of(source, *elements(*own, *shared)))
            sent.setdefault(record(source).fingerprint.hex(), []).extend(own)
            store.prepare(batches[-1])
            assert batches[-1].packed_bytes > 10 * 16
        told.append(duplicates(await store.commit(batches)))
    there = {"element_stat": [10]}
    assert told == [[{}] * 3, [{}] * 3, [{}, there, there], [there] * 3]
    statement = "SELECT fingerprint, event_id FROM element_stat JOIN source USING (source_id)"
    found: dict[str, list[str]] = {}
    for fingerprint, event_id in backend.query(statement):
        if str(event_id) != held:
            found.setdefault(fingerprint.hex(), []).append(str(event_id))
    # Ids of one millisecond come in the order of chance.
    for own in (*found.values(), *sent.values()):
        own.sort()
    assert found == sent


async def test_a_probe_writes_and_changes_nothing(store: EventStore, backend: Backend) -> None:
    """Whether the store is there is asked by writing what is of no worth; an empty commit changes nothing."""
    await store.probe()
    assert await store.commit([]) == []
    assert backend.query("SELECT count(*) FROM source") == [(0,)]
    assert await store.commit([batch_of(HERE, element())]) == [CommitResult()]


async def test_the_size_of_the_database(store: EventStore) -> None:
    """It is told in bytes, and grows with what is stored."""
    before = await store.size()
    assert 10_000 < before < 100_000_000
    # What is random cannot be packed.
    payloads = [{"text": secrets.token_hex(3_500)} for _ in range(200)]
    await store.commit([batch_of(HERE, *[ping(payload=payload) for payload in payloads])])
    assert await store.size() - before > 200 * 3_500


def bare(event: EventType) -> EventEnvelope:
    """Return an event with nothing but what is required."""
    envelope = full(event)
    envelope.event_id = random_id()
    envelope.ClearField("sequence")
    for field in event.fields:
        if not field.policy.required:
            getattr(envelope, event.name).ClearField(field.name)
    return envelope


def plain(values: tuple[Any, ...]) -> list[Any]:
    """JSON compares by what it says: PostgreSQL keeps its own spelling of it."""
    return [
        json.loads(value) if isinstance(value, str) and value.startswith("{") else value for value in values
    ]


async def test_texts_and_numbers_at_their_limits_are_stored_as_they_are(
    store: EventStore, backend: Backend
) -> None:
    """Every character but U+0000 is stored, and the largest and smallest times and numbers."""
    texts = ["\\N", "\t\n\r\\", "é\U0001f600\x01\x7f", "'; DROP TABLE source; --", "\ufffe", "x" * 200]
    events = [element(text, sequence=(1 << 32) - 1) for text in texts]
    for event, micros in zip(
        events, (946_684_800_000_000, 946_684_799_999_999, 4_102_444_799_999_999), strict=False
    ):
        event.occurred_at.FromMicroseconds(micros)

    await store.commit([batch_of(HERE, *events)])

    found = backend.query(
        f"SELECT element_id, sequence, {backend.micros('occurred_at')} FROM element_stat ORDER BY event_id"
    )
    expected = sorted(
        (e.event_id, e.element_stat.element_id, e.sequence, e.occurred_at.ToMicroseconds()) for e in events
    )
    assert found == [entry[1:] for entry in expected]


async def test_a_key_is_stored_once_in_each_table(store: EventStore, backend: Backend) -> None:
    """Of a key that comes again, only that position is a duplicate; in another table it is new."""
    one, two, three, four = ids(4)
    assert duplicates(await store.commit([batch_of(HERE, *elements(one, two))])) == [{}]

    again = await store.commit(
        [batch_of(HERE, *elements(three, two), *pings(one, four)), batch_of(HERE, *elements(four, one))]
    )

    assert duplicates(again) == [{"element_stat": [1]}, {"element_stat": [1]}]
    assert backend.ids("element_stat") == [one, two, three, four]
    assert backend.ids("ping") == [one, four]


async def test_of_a_key_twice_in_one_call_the_first_is_stored(store: EventStore, backend: Backend) -> None:
    """Within a batch and between the batches of a call, the first of a key wins and the others are told."""
    one, two = ids(2)
    events = [element("first", event_id=one), element("second", event_id=one), element("third", event_id=two)]

    results = await store.commit(
        [batch_of(HERE, *events), batch_of(server_source(), element("late", event_id=two))]
    )

    assert duplicates(results) == [{"element_stat": [1]}, {"element_stat": [0]}]
    found = backend.query("SELECT event_id, element_id FROM element_stat ORDER BY event_id")
    assert found == [(one, "first"), (two, "third")]


async def test_ids_are_one_whatever_their_letters(store: EventStore, backend: Backend) -> None:
    """An id in capitals is the same id: the row maker writes it small."""
    (one,) = ids(1)
    results = await store.commit([batch_of(HERE, *elements(one), *elements(one.upper()))])
    assert duplicates(results) == [{"element_stat": [1]}]


async def test_a_large_call_is_told_of_exactly(store: EventStore, backend: Backend) -> None:
    """Thousands of rows with some duplicates among them: every one is told at its place, none else."""
    old, new = ids(300), ids(2_700)
    await store.commit([batch_of(HERE, *elements(*old))])
    mixed = [old[position // 10] if position % 10 == 3 else new.pop() for position in range(3_000)]

    results = await store.commit(
        [batch_of(HERE, *elements(*mixed[start : start + 500])) for start in range(0, 3_000, 500)]
    )

    expected = list(range(3, 500, 10))
    assert duplicates(results) == [{"element_stat": expected}] * 6
    assert backend.count("element_stat") == 3_000


async def test_quarantined_events_are_kept_once_for_each_field_number(
    store: EventStore, backend: Backend
) -> None:
    """What this server does not know is unique by id and field number together."""
    one, two = ids(2)
    results = await store.commit(
        [quarantined_batch(HERE, one, two, one), quarantined_batch(HERE, one, number=901)]
    )
    assert duplicates(results) == [{QUARANTINE: [2]}, {}]
    assert duplicates(await store.commit([quarantined_batch(HERE, two)])) == [{QUARANTINE: [0]}]
    assert backend.count(QUARANTINE) == 3


async def test_a_source_is_stored_once_and_found_from_its_events(store: EventStore, backend: Backend) -> None:
    """One row for each distinct source, whatever the order of calls; events hold its id."""
    sources = [server_source(version="1"), deployment_source("acme", version="2"), deployment_source("acme")]
    sent = {source.SerializeToString(): ids(2) for source in sources}
    for turn in range(2):
        await store.commit(
            [batch_of(source, *elements(sent[source.SerializeToString()][turn])) for source in sources]
        )

    assert backend.count("source") == 3
    joined = "SELECT event_id FROM element_stat JOIN source USING (source_id) WHERE"
    deployed = f"{joined} company_id = 'acme' AND source.version = '2' ORDER BY event_id"
    assert backend.query(deployed) == [(found,) for found in sent[sources[1].SerializeToString()]]
    anonymous = f"{joined} server_uuid = '{sources[0].server.server_uuid}' ORDER BY event_id"
    assert backend.query(anonymous) == [(found,) for found in sent[sources[0].SerializeToString()]]


async def test_the_registry_tells_who_was_seen_and_when(store: EventStore, backend: Backend) -> None:
    """Companies, deployments and servers have a row each, with the times and the name they came with last."""
    server = server_source()
    first = [
        batch_of(server, *elements(*ids(1))),
        batch_of(deployment_source("acme", "d1", company_name="Acme"), *elements(*ids(1))),
        batch_of(deployment_source("acme", "d2"), *elements(*ids(1))),
    ]
    await store.commit(first)
    later = RECEIVED_AT + 2 * MINUTE
    await store.commit(
        [
            batch_of(deployment_source("acme", "d2"), *elements(*ids(1)), received_at=later),
            batch_of(server, *elements(*ids(1)), received_at=RECEIVED_AT + MINUTE // 2),
        ]
    )

    seen = f"{backend.micros('first_seen_at')}, {backend.micros('last_seen_at')}"
    assert backend.query(f"SELECT company_id, company_name, {seen} FROM company") == [
        ("acme", "Acme", RECEIVED_AT, later)
    ]
    assert backend.query(f"SELECT deployment_id, {seen} FROM deployment ORDER BY deployment_id") == [
        ("d1", RECEIVED_AT, RECEIVED_AT),
        ("d2", RECEIVED_AT, later),
    ]
    assert backend.query(f"SELECT server_uuid, {seen} FROM server") == [
        # A time within the same minute is not written again.
        (server.server.server_uuid, RECEIVED_AT, RECEIVED_AT)
    ]
    assert backend.query(
        f"SELECT {backend.micros('last_seen_at')} FROM source WHERE deployment_id = 'd2'"
    ) == [(later,)]


async def test_a_name_that_is_left_out_does_not_wipe_out_the_known_one(
    store: EventStore, backend: Backend
) -> None:
    """The registry keeps the last name that was said, in one call as over several."""
    named = [deployment_source("acme", company_name=name) for name in ("Acme", "Acme Ltd", "")]
    await store.commit([batch_of(source, *elements(*ids(1))) for source in named])
    assert backend.query("SELECT company_name FROM company")[0][0] in {"Acme", "Acme Ltd"}
    last = deployment_source("acme", "d9")
    await store.commit([batch_of(last, *elements(*ids(1)), received_at=RECEIVED_AT + 2 * MINUTE)])
    assert backend.query("SELECT company_name FROM company")[0][0] in {"Acme", "Acme Ltd"}


async def test_a_poisoned_batch_raises_and_stores_nothing_of_its_call(
    store: EventStore, backend: Backend
) -> None:
    """A row that the store cannot hold makes the whole call fail, and the store goes on."""
    good, bad = batch_of(server_source(), *elements(*ids(2))), batch_of(server_source(), *pings(*ids(2)))
    # The name of the second.
    bad.values["ping"][len(bad.values["ping"]) // 2 + 4] = None

    with pytest.raises(Exception, match=r"(?i)null|sub|encode") as raised:
        await store.commit([good, bad])

    assert not isinstance(raised.value, AssertionError)
    assert [backend.count(table) for table in ("element_stat", "ping", "source", "server")] == [0, 0, 0, 0]
    assert duplicates(await store.commit([good])) == [{}]
    assert backend.count("element_stat") == 2
    assert backend.count("source") == 1


async def test_what_was_committed_is_there_for_the_next_to_open(backend: Backend) -> None:
    """A store that is closed and opened again holds everything, knows its duplicates and its opt-outs."""
    one = ids(1)
    gone = record(server_source())
    first = await bootstrap.open_store(backend.url)
    await first.commit([batch_of(HERE, *elements(*one))])
    await opt_out(first, gone.subjects[0])
    await first.close()

    second = await bootstrap.open_store(backend.url)
    try:
        await comes_to_hold(lambda: not second.forbidden.allows([gone.subjects[0]]))
        assert duplicates(await second.commit([batch_of(HERE, *elements(*one))])) == [{"element_stat": [0]}]
    finally:
        await second.close()


async def test_nothing_of_an_opted_out_source_is_stored(store: EventStore, backend: Backend) -> None:
    """The batch is refused whole, quarantine and registry included; its neighbours are stored."""
    off, on = server_source(), server_source()
    await opt_out(store, record(off).subjects[0])

    results = await store.commit(
        [batch_of(off, *elements(*ids(2))), quarantined_batch(off, *ids(1)), batch_of(on, *elements(*ids(1)))]
    )

    assert results == [CommitResult(opted_out=True), CommitResult(opted_out=True), CommitResult()]
    counts = [backend.count(table) for table in ("element_stat", QUARANTINE, "source", "server")]
    assert counts == [1, 0, 1, 1]


async def test_calls_at_once_are_all_told_of(store: EventStore, backend: Backend) -> None:
    """Calls that overlap in time and in what they hold: each key is accepted exactly once."""
    shared = ids(40)
    calls = [
        store.commit([batch_of(server_source(), *elements(*shared[turn:], *shared[:turn]))])
        for turn in range(8)
    ]
    results = await asyncio.gather(*calls)
    told = sum(len(result.duplicates.get("element_stat", [])) for (result,) in results)
    assert told == 7 * 40
    assert backend.ids("element_stat") == shared

"""Refusals in every store: plans that are out of date, and what is known of a user by its digests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aboveboard_server.ids import uuid7
from aboveboard_server.storage.ports import SubjectRecord
from aboveboard_server.storage.work import company_keys, refusals
from aboveboard_server.storage.work.refusals import MOST_TOKENS, Plan

if TYPE_CHECKING:
    from aboveboard_server.storage.ports import EventStore

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RAW, STORED = b"r" * 32, b"s" * 32
UNSEEN = SubjectRecord("USER", RAW, company_id="c", deployment_id="d")
SEEN = SubjectRecord("USER", RAW, STORED, company_id="c", deployment_id="d", user_id="u")


async def refuse(store: EventStore, subject: SubjectRecord, token: bytes | None) -> str:
    """Store a refusal of a token; return its id, "" where its plan was out of date."""
    opt_out_id = str(uuid7())
    stored = await store.work(
        refusals.refuse, subject, Plan(token), opt_out_id=opt_out_id, is_unseen=False, created_at=NOW
    )
    return opt_out_id if stored else ""


async def test_a_stored_digest_holds_while_any_refusal_of_its_subject_does(store: EventStore) -> None:
    """Whichever is lifted first, and whether it bears the digest: both digests let go with the last."""
    older = await refuse(store, UNSEEN, b"1" * 32)
    assert store.forbidden.opted_out == {RAW}
    newer = await refuse(store, SEEN, b"2" * 32)
    assert store.forbidden.opted_out == {RAW, STORED}
    await store.work(refusals.lift, [newer], revoked_at=NOW)
    assert store.forbidden.opted_out == {RAW, STORED}
    again = await refuse(store, SEEN, b"2" * 32)
    await store.work(refusals.lift, [older], revoked_at=NOW)
    assert store.forbidden.opted_out == {RAW, STORED}
    await store.work(refusals.lift, [again], revoked_at=NOW)
    assert store.forbidden.opted_out == set()


async def test_a_plan_that_is_out_of_date_stores_nothing(store: EventStore) -> None:
    """Others came first with the same token, with the last free place, or with the company's first key."""
    assert await refuse(store, UNSEEN, b"1" * 32)
    assert not await refuse(store, UNSEEN, b"1" * 32)
    for number in range(1, MOST_TOKENS):
        assert await refuse(store, UNSEEN, bytes([number]) * 32)
    assert not await refuse(store, UNSEEN, b"9" * 32)
    assert await refuse(store, UNSEEN, None)
    assert not await refuse(store, UNSEEN, None)
    other = SubjectRecord("USER", b"o" * 32, company_id="c", deployment_id="d")
    await store.work(company_keys.get_or_make, "c", b"wrapped")
    assert not await refuse(store, other, None)
    assert len(await store.read(refusals.of_subject, UNSEEN)) == MOST_TOKENS + 1
    assert await store.read(refusals.of_subject, other) == []


async def test_rows_of_a_subject_are_bounded(store: EventStore) -> None:
    """However many tokens refuse and lift: those that were lifted longest ago give way."""
    for number in range(3 * MOST_TOKENS):
        opt_out_id = await refuse(store, SEEN, bytes([number]) * 32)
        await store.work(refusals.lift, [opt_out_id], revoked_at=NOW.replace(second=number))
    kept = await store.read(refusals.of_subject, SEEN)
    assert {refusal.token_digest for refusal in kept} == {
        bytes([number]) * 32 for number in range(2 * MOST_TOKENS, 3 * MOST_TOKENS)
    }
    assert store.forbidden.opted_out == set()

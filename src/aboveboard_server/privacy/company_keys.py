"""The companies' pseudonym keys: made at first sight, remembered until their company is erased."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.byte_cache import MIB, ByteCache, declare
from aboveboard_server.errors import OverloadedError, StoreUnavailableError
from aboveboard_server.privacy import pseudonyms
from aboveboard_server.storage.work import company_keys as work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aboveboard_server.storage.ports import EventStore

# Keys held in memory, some 75,000: one that is not costs a reading of the database.
BOUND = declare("companies' pseudonym keys", 32 * MIB)
# Companies looked for at once: to open a transaction costs more than to find many in it.
LOOKED_FOR_AT_ONCE = 50
# Companies that may wait to be looked for; their callers may be gone, and so count no more among calls.
MAX_LOOKS = 4_096


@dataclass(frozen=True, slots=True)
class Company:
    """A company that sends, and every Subject that a source of it falls under, itself first."""

    company_id: str
    subjects: Sequence[bytes]

    @property
    def digest(self) -> bytes:
        """The company's own digest."""
        return self.subjects[0]


@dataclass(frozen=True, slots=True)
class _Look:
    """A company's key that is looked for, by what was known of deletions when it was asked for."""

    company: Company
    epoch: int
    found: asyncio.Future[bytes | None]


class CompanyKeys:
    """Looks for keys in the store, those of many companies at once where many are asked for.

    A key that was destroyed on another server a moment ago may still be used here: the commit of what was
    keyed with it is stale, as long as its epoch is from before the key was asked for.
    """

    def __init__(self, store: EventStore, wrapping_key: bytes) -> None:
        self._store = store
        self._wrapping_key = wrapping_key
        # By the company's digest, with an epoch from before it was looked for.
        self._known: ByteCache[bytes, tuple[bytes, int]] = ByteCache(BOUND)
        self._looks: dict[tuple[bytes, int], _Look] = {}
        self._waiting: list[_Look] = []
        self._task: asyncio.Task[None] | None = None

    def known(self, company: Company) -> bytes | None:
        """Return a company's key, None where it is not in memory."""
        key, epoch = self._known[company.digest] or (None, 0)
        return None if self._store.forbidden.erased_since((company.digest,), epoch) else key

    async def find(self, company: Company) -> bytes | None:
        """Return a company's key, made at first sight.

        None where nothing of the source may be stored any more: `forbidden` knows why by then.
        OverloadedError where too many are looked for.
        """
        place = (company.digest, self._store.forbidden.epoch)
        look = self._looks.get(place)
        if look is None:
            if len(self._looks) >= MAX_LOOKS:
                raise OverloadedError
            look = _Look(company, place[1], asyncio.get_running_loop().create_future())
            self._looks[place] = look
            self._waiting.append(look)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look_for_all(), name="company-keys")
        # Others may wait for the same: who goes away does not take it along.
        return await asyncio.shield(look.found)

    async def named(self, company_id: str) -> bytes:
        """Return the key of a company that somebody names, asked for anew, and made where there is none."""
        key = await self.held(company_id)
        if key is not None:
            return key
        wrapped = await self._store.work(work.get_or_make, company_id, self._offer(company_id))
        return self._unwrap(company_id, wrapped)

    async def held(self, company_id: str) -> bytes | None:
        """Return the key of a company that somebody names, asked for anew; None where there is none."""
        wrapped = (await self._store.read(work.get, [company_id])).get(company_id)
        return None if wrapped is None else self._unwrap(company_id, wrapped)

    def forget(self, erased: Iterable[bytes]) -> None:
        """Forget the keys of companies that were erased, by their digests."""
        for digest in erased:
            self._known.forget(digest)

    async def _look_for_all(self) -> None:
        while self._waiting:
            looks = self._waiting[:LOOKED_FOR_AT_ONCE]
            del self._waiting[:LOOKED_FOR_AT_ONCE]
            try:
                keys = await self._keys_of(looks)
            except Exception as error:  # noqa: BLE001  # raised by whoever waits for it
                for look in looks:
                    _fail(look, error)
            else:
                for look in looks:
                    self._remember(look, keys.get(look.company.company_id))
            finally:
                for look in looks:
                    del self._looks[look.company.digest, look.epoch]
                    if not look.found.done():
                        # This task was ended: whoever waits is not to wait for ever.
                        _fail(look, StoreUnavailableError())

    async def _keys_of(self, looks: Sequence[_Look]) -> dict[str, bytes]:
        """Return the keys of the companies that have one, or may have one and get it now."""
        wrapped = await self._store.read(work.get, [look.company.company_id for look in looks])
        offers = [
            work.Offer(
                look.company.company_id,
                self._offer(look.company.company_id),
                tuple(look.company.subjects),
                self._store.forbidden.counted(look.epoch),
            )
            for look in looks
            if look.company.company_id not in wrapped
        ]
        if offers:
            wrapped |= await self._store.work(work.make, offers)
        return {company_id: self._unwrap(company_id, key) for company_id, key in wrapped.items()}

    def _remember(self, look: _Look, key: bytes | None) -> None:
        if key is not None:
            self._known.remember(look.company.digest, (key, look.epoch))
        look.found.set_result(key)

    def _offer(self, company_id: str) -> bytes:
        return pseudonyms.wrap(self._wrapping_key, company_id, pseudonyms.new_company_key())

    def _unwrap(self, company_id: str, wrapped: bytes) -> bytes:
        return pseudonyms.unwrap(self._wrapping_key, company_id, wrapped)


def _fail(look: _Look, error: Exception) -> None:
    look.found.set_exception(error)
    # Whoever waited may be gone: mark it as seen, or asyncio complains of it.
    look.found.exception()

"""Users as they are stored: keyed again under a key of their company, which is made at first sight."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_server.privacy import pseudonyms, subjects
from aboveboard_server.storage.work import company_keys as work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aboveboard_server.storage.ports import EventStore

# Keys held in memory; beyond this all are forgotten and read anew.
REMEMBERED_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Company:
    """A company that sends, and every Subject that a source of it falls under, itself first."""

    company_id: str
    subjects: Sequence[bytes]

    @property
    def digest(self) -> bytes:
        """The company's own digest."""
        return self.subjects[0]


class Users:
    """Keys users again, and remembers their companies' keys until those are erased.

    A key that was destroyed on another server a moment ago may still be used here: the commit of what was
    keyed with it is stale, as long as its epoch is from before the key was asked for.
    """

    def __init__(self, store: EventStore, digest_key: bytes, wrapping_key: bytes) -> None:
        self._store = store
        self._digest_key = digest_key
        self._wrapping_key = wrapping_key
        # By the company's digest, each with an epoch from before the key was looked for.
        self._keys: dict[bytes, tuple[bytes, int]] = {}
        self._looks: dict[tuple[bytes, int], asyncio.Task[bytes | None]] = {}

    def known(self, company: Company, user_id: str) -> str | None:
        """Return what is stored of a user; None where its company's key is not in memory."""
        key, epoch = self._keys.get(company.digest, (None, 0))
        if key is None or self._store.forbidden.erased_since((company.digest,), epoch):
            return None
        return pseudonyms.rekey(key, user_id)

    async def rekey(self, company: Company, user_id: str) -> str | None:
        """Return what is stored of a user, its company's key made at first sight.

        None where nothing of the company may be stored any more: `forbidden` knows why by then.
        """
        epoch = self._store.forbidden.epoch
        look = self._looks.get((company.digest, epoch))
        if look is None:
            look = asyncio.create_task(self._look(company, epoch), name="company-key")
            self._looks[company.digest, epoch] = look
        # Others may wait for the same: who goes away does not take it along.
        key = await asyncio.shield(look)
        return pseudonyms.rekey(key, user_id) if key is not None else None

    async def stored(self, company_id: str, deployment_id: str, user_id: str) -> tuple[str, bytes]:
        """Return what is stored of a user whom somebody names, and its digest by that.

        The company's key is asked for anew, and made where there is none: what is stored of the user
        meanwhile is found by it too.
        """
        wrapped = await self._store.read(work.get, company_id)
        if wrapped is None:
            wrapped = await self._store.work(work.get_or_make, company_id, self._offer(company_id))
        rekeyed = pseudonyms.rekey(self._unwrap(company_id, wrapped), user_id)
        return rekeyed, subjects.stored_user(self._digest_key, company_id, deployment_id, rekeyed)

    def forget(self, erased: Iterable[bytes]) -> None:
        """Forget the keys of companies that were erased, by their digests."""
        for digest in erased:
            self._keys.pop(digest, None)

    async def _look(self, company: Company, epoch: int) -> bytes | None:
        try:
            key = await self._find(company, epoch)
        finally:
            del self._looks[company.digest, epoch]
        if key is not None:
            if len(self._keys) >= REMEMBERED_KEYS:
                self._keys.clear()
            self._keys[company.digest] = (key, epoch)
        return key

    async def _find(self, company: Company, epoch: int) -> bytes | None:
        company_id = company.company_id
        wrapped = await self._store.read(work.get, company_id)
        if wrapped is None:
            wrapped = await self._store.work(
                work.get_or_make_unless_forbidden,
                company_id,
                self._offer(company_id),
                subjects=company.subjects,
                epoch=epoch,
            )
        return self._unwrap(company_id, wrapped) if wrapped is not None else None

    def _offer(self, company_id: str) -> bytes:
        return pseudonyms.wrap(self._wrapping_key, company_id, pseudonyms.new_company_key())

    def _unwrap(self, company_id: str, wrapped: bytes) -> bytes:
        return pseudonyms.unwrap(self._wrapping_key, company_id, wrapped)

"""Users as they are stored: keyed again under a key of their company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.privacy import pseudonyms, subjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aboveboard_server.privacy.company_keys import Company, CompanyKeys


class Users:
    """Tells what is stored of users, and by which digest they are known from that."""

    def __init__(self, keys: CompanyKeys, digest_key: bytes) -> None:
        self._keys = keys
        self._digest_key = digest_key

    def known(self, company: Company, user_id: str) -> str | None:
        """Return what is stored of a user; None where its company's key is not in memory."""
        key = self._keys.known(company)
        return pseudonyms.rekey(key, user_id) if key is not None else None

    async def rekey(self, company: Company, user_id: str) -> str | None:
        """Return what is stored of a user; None where nothing of it may be stored any more."""
        key = await self._keys.find(company)
        return pseudonyms.rekey(key, user_id) if key is not None else None

    async def stored(self, company_id: str, deployment_id: str, user_id: str) -> tuple[str, bytes]:
        """Return what is stored of a user whom somebody names, and its digest by that.

        Its company gets a key where it has none: what is stored of the user meanwhile is found by it too.
        """
        return self._keyed(await self._keys.named(company_id), company_id, deployment_id, user_id)

    async def held(self, company_id: str, deployment_id: str, user_id: str) -> tuple[str, bytes] | None:
        """Return the same without making a key: None where the company has none, so that nothing is held."""
        key = await self._keys.held(company_id)
        return None if key is None else self._keyed(key, company_id, deployment_id, user_id)

    def _keyed(self, key: bytes, company_id: str, deployment_id: str, user_id: str) -> tuple[str, bytes]:
        rekeyed = pseudonyms.rekey(key, user_id)
        return rekeyed, subjects.stored_user(self._digest_key, company_id, deployment_id, rekeyed)

    def forget(self, erased: Iterable[bytes]) -> None:
        """Forget the keys of companies that were erased, by their digests."""
        self._keys.forget(erased)

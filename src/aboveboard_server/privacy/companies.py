"""Companies, and whom to reach there, as an administrator reads and notes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard.admin.v1 import company_pb2 as c
from aboveboard_server.privacy import arguments, page_tokens, subjects, times
from aboveboard_server.storage.work import companies as work
from aboveboard_server.storage.work.audit import Act

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.tables import CompanyRow

LIST = "companies"
CONTACT = "contact"
# The most bytes of each field of a Contact.
MOST_BYTES = {"name": 256, "email": 320, "phone": 64, "note": 2048}


class Companies:
    """What AdminService promises of companies."""

    def __init__(self, store: EventStore, digest_key: bytes) -> None:
        self._store = store
        self._digest_key = digest_key

    async def get(self, request: c.GetCompanyRequest) -> c.Company:
        """Return one company."""
        company_id = arguments.identifier(request.company_id, "company_id")
        return company_message(await self._store.read(work.get, company_id))

    async def page(self, request: c.ListCompaniesRequest) -> c.ListCompaniesResponse:
        """Return a page of companies, in order of their id."""
        size = arguments.page_size(request.page_size)
        place = page_tokens.read(request.page_token, {LIST: 1})
        found = await self._store.read(work.page, after=place and place[1][0], limit=size + 1)
        response = c.ListCompaniesResponse(companies=[company_message(row) for row in found[:size]])
        if len(found) > size:
            response.next_page_token = page_tokens.make(LIST, found[size - 1].company_id)
        return response

    async def update(self, request: c.UpdateCompanyRequest, actor: str) -> c.Company:
        """Change a company's contact; the audit log tells which fields, not what is in them."""
        company_id = arguments.identifier(request.company.company_id, "company.company_id")
        names = _chosen(request.update_mask.paths)
        contact = request.company.contact
        changes = {
            _column(name): arguments.text(getattr(contact, name), f"company.contact.{name}", MOST_BYTES[name])
            or None
            for name in names
        }
        digest = subjects.digest(self._digest_key, subjects.COMPANY, [company_id])
        details = ", ".join(f"{CONTACT}.{name}" for name in names)
        act = Act(actor, "UpdateCompany", digest, details=details)
        return company_message(await self._store.work(work.update, company_id, changes, act))


def company_message(row: CompanyRow) -> c.Company:
    """Return a company as messages describe it."""
    return c.Company(
        company_id=row.company_id,
        company_name=row.company_name or "",
        contact=contact_message(row),
        first_seen_at=times.timestamp(row.first_seen_at),
        last_seen_at=times.timestamp(row.last_seen_at),
    )


def contact_message(row: CompanyRow) -> c.Contact | None:
    """Return whom to reach at a company, None where nobody has noted it."""
    noted = {name: value for name in MOST_BYTES if (value := getattr(row, _column(name)))}
    return c.Contact(**noted) if noted else None


def _chosen(paths: Sequence[str]) -> list[str]:
    """Return the fields of a Contact that a mask names, in their order."""
    allowed = {CONTACT: MOST_BYTES.keys()} | {f"{CONTACT}.{name}": {name} for name in MOST_BYTES}
    chosen: set[str] = set()
    for path in paths or [CONTACT]:
        if path not in allowed:
            raise arguments.invalid("update_mask", f"takes {', '.join(allowed)}, and nothing else")
        chosen.update(allowed[path])
    return [name for name in MOST_BYTES if name in chosen]


def _column(name: str) -> str:
    return f"{CONTACT}_{name}"

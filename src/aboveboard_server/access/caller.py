"""Who calls, as far as the key tells."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple


class Caller(NamedTuple):
    """Whose key let a call in: the key's id and its name, which may be empty."""

    key_id: str
    name: str

    @property
    def actor(self) -> str:
        """What the audit log calls the caller: names may be given twice, ids are not."""
        return f"{self.name} ({self.key_id})"


# The administrator whose call is being answered; nobody acts without.
ADMINISTRATOR: ContextVar[Caller] = ContextVar("ADMINISTRATOR")
# Whether the write key of the request that was let in last is bound to the company of its source; of a stream
# it is read as each request comes.
BOUND_TO_COMPANY: ContextVar[bool] = ContextVar("BOUND_TO_COMPANY", default=False)

"""What a server stores of a user, worked out from its key directory and its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.privacy import pseudonyms

if TYPE_CHECKING:
    from tests.support.server import ServerProcess


def stored_user(server: ServerProcess, company_id: str, user_id: str) -> str:
    """Return what is stored of a user; empty where its company has no key yet."""
    found = server.query("SELECT wrapped_key FROM company_key WHERE company_id = ?", company_id)
    if not found:
        return ""
    wrapping_key = (server.key_dir / "wrapping.key").read_bytes()
    return pseudonyms.rekey(pseudonyms.unwrap(wrapping_key, company_id, bytes(found[0][0])), user_id)

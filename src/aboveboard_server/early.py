"""Refuses at once what another server holds already, before the second that the imports of a server take.

Only a first look: the addresses are bound and the file is locked for good when the server starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aboveboard_server.addresses import listening
from aboveboard_server.storage.ownership import FileOwnership

if TYPE_CHECKING:
    from aboveboard_server.settings import Settings

SQLITE = "sqlite:///"


def refuse_what_is_taken(settings: Settings) -> None:
    """Raise StartupError where an address or the SQLite file is another server's."""
    for bind in (settings.grpc_bind, settings.admin_bind, settings.http_bind):
        listening(bind).close()
    file = Path(settings.database.removeprefix(SQLITE).partition("?")[0])
    if settings.database.startswith(SQLITE) and file.is_file():
        FileOwnership(file).release()

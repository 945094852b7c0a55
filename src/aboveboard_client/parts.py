"""What a client is made of, in one place for those who need more than one of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aboveboard_client.clock import Clock
from aboveboard_client.consent import Consent
from aboveboard_client.keeper import Keeper
from aboveboard_client.log import SentLog
from aboveboard_client.settings import is_switched_off
from aboveboard_client.spool import Spool
from aboveboard_client.state import State
from aboveboard_client.transport import Transport

if TYPE_CHECKING:
    from aboveboard_client.settings import Settings
    from aboveboard_client.tally import Tally


@dataclass(frozen=True)
class Parts:
    """The parts of one client."""

    settings: Settings
    tally: Tally
    clock: Clock
    state: State
    consent: Consent
    spool: Spool
    transport: Transport
    log: SentLog
    keeper: Keeper


def put_together(settings: Settings, tally: Tally) -> Parts:
    """Make the parts; touches neither disk nor network but to look whether collection is allowed."""
    clock, state = Clock(), State(settings.folder)
    consent = Consent(state, clock, switched_off=is_switched_off() or bool(settings.nowhere))
    source = settings.source.SerializeToString(deterministic=True)
    spool = Spool(settings.folder, source, settings.max_bytes, tally)
    transport = Transport(settings)
    return Parts(
        settings=settings,
        tally=tally,
        clock=clock,
        state=state,
        consent=consent,
        spool=spool,
        transport=transport,
        log=SentLog(settings.folder, settings.log_bytes, tally),
        keeper=Keeper(spool, consent, transport, tally),
    )

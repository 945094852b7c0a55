"""Companies whose rows lie among their neighbours', deleted one by one; and what is left on the disk."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.support.canaries import Canaries
from tests.support.clients import publish
from tests.support.deletions import company, create, delete, dump, files

from aboveboard.admin.v1 import deletion_pb2 as d

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import ServerProcess

NEIGHBOURS = 4
TURNS = 5


def round_of(server: ServerProcess, seed: int, each: int = 2) -> list[Path]:
    """Mix a company among neighbours, delete a neighbour and then it; return the files that still show it.

    Ids are random and sizes vary, so that pages split while they fill, and merge while they empty.
    """
    dice = random.Random(seed)
    canaries = Canaries(seed)
    victim = canaries.source()
    others = [Canaries((seed + 1) << 16 | number) for number in range(NEIGHBOURS)]
    sources = [other.source() for other in others]
    for _ in range(TURNS):
        senders = [(victim, canaries), *zip(sources, others, strict=True)]
        dice.shuffle(senders)
        for source, made in senders:
            publish(server, source, *made.events(dice.randrange(1, each + 1)))
    create(server, company(sources[0].deployment.company_id))
    publish(server, sources[1], *others[1].events(each))
    deletion = delete(server, company(victim.deployment.company_id))
    assert deletion.state == d.Deletion.STATE_SCRUBBED
    assert all(other.found_in(dump(server)) for other in others[1:])
    return [path for path, data in files(server.folder).items() if canaries.found_in(data)]

"""Which installations run a product in a range of versions: deployments, and anonymous servers apart."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, TypeAlias

from aboveboard.admin.v1 import deployment_pb2 as d
from aboveboard_server.privacy import arguments, page_tokens, times, versions
from aboveboard_server.privacy.companies import contact_message
from aboveboard_server.storage.tables import DeploymentRow
from aboveboard_server.storage.work import installations as work
from aboveboard_server.storage.work.installations import Sighting, Start

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from aboveboard_server.privacy.versions import Range, Version
    from aboveboard_server.storage.ports import EventStore
    from aboveboard_server.storage.work.installations import Installation

Message: TypeAlias = d.Deployment | d.AnonymousServer

MAX_VERSION_BYTES = 64
# Installations that one read looks at.
CHUNK = 500
# The parts of the list. A place in one is an installation's key and a product.
DEPLOYMENTS = "deployments"
SERVERS = "servers"
PLACE_LENGTHS = {DEPLOYMENTS: 3, SERVERS: 2}


class Installations:
    """What ListDeployments promises."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def page(self, request: d.ListDeploymentsRequest) -> d.ListDeploymentsResponse:
        """Return a page of deployments and servers."""
        size = arguments.page_size(request.page_size)
        solution = arguments.text(request.solution, "solution", arguments.MAX_ID_BYTES)
        wanted = versions.Range(
            _bound(request.min_version, "min_version"), _bound(request.max_version, "max_version")
        )
        place = page_tokens.read(request.page_token, PLACE_LENGTHS)
        response = d.ListDeploymentsResponse()
        token = ""
        async with aclosing(self._from(place, solution, wanted)) as found:
            async for here, message in found:
                if size == 0:
                    response.next_page_token = token
                    break
                size -= 1
                token = page_tokens.make(*here)
                if isinstance(message, d.Deployment):
                    response.deployments.append(message)
                else:
                    response.anonymous_servers.append(message)
        return response

    async def _from(
        self, place: tuple[str, tuple[str, ...]] | None, solution: str, wanted: Range
    ) -> AsyncGenerator[tuple[tuple[str, ...], Message], None]:
        """Yield what comes behind a place, each with its own."""
        part, told = place or (DEPLOYMENTS, ())
        if part == DEPLOYMENTS:
            async for here, message in self._part(work.deployments, told, solution, wanted):
                yield (DEPLOYMENTS, *here), message
            told = ()
        async for here, message in self._part(work.servers, told, solution, wanted):
            yield (SERVERS, *here), message

    async def _part(
        self, unit: Callable[..., list[Installation]], told: tuple[str, ...], solution: str, wanted: Range
    ) -> AsyncGenerator[tuple[tuple[str, ...], Message], None]:
        # Of the installation with which the page before has ended, other products may be untold.
        start = Start(told[:-1], itself=True) if told else None
        while True:
            chunk = await self._store.read(unit, start=start, limit=CHUNK, solution=solution)
            for installation in chunk:
                for message in messages(installation, wanted):
                    here = (*installation.key, message.solution)
                    if here[:-1] != told[:-1] or here > told:
                        yield here, message
            if len(chunk) < CHUNK:
                return
            start = Start(chunk[-1].key)


def messages(installation: Installation, wanted: Range) -> Iterator[Message]:
    """Yield an installation's messages, one for each product of which it runs a version that is wanted."""
    products: dict[str, list[Sighting]] = {}
    for sighting in installation.sightings:
        if wanted.holds(sighting.version):
            products.setdefault(sighting.solution, []).append(sighting)
    for solution in sorted(products):
        seen = sorted(products[solution], key=lambda sighting: versions.sort_key(sighting.version))
        yield _message(installation, solution, seen)


def deployments_of(installation: Installation) -> list[d.Deployment]:
    """Return a deployment's messages with all its versions, one for each product; at least one in all.

    The sources that have told of a product may have expired before the deployment itself.
    """
    row = installation.row
    bare = Sighting("", "", row.first_seen_at, row.last_seen_at)
    found = list(messages(installation, versions.Range())) or [_message(installation, "", [bare])]
    return [message for message in found if isinstance(message, d.Deployment)]


def _message(installation: Installation, solution: str, seen: Sequence[Sighting]) -> Message:
    row, company = installation.row, installation.company
    first = times.timestamp(min(sighting.first_seen_at for sighting in seen))
    last = times.timestamp(max(sighting.last_seen_at for sighting in seen))
    sightings = [
        d.VersionSighting(
            version=sighting.version,
            first_seen_at=times.timestamp(sighting.first_seen_at),
            last_seen_at=times.timestamp(sighting.last_seen_at),
        )
        for sighting in seen
    ]
    if not isinstance(row, DeploymentRow):
        return d.AnonymousServer(
            server_uuid=row.server_uuid,
            solution=solution,
            versions=sightings,
            first_seen_at=first,
            last_seen_at=last,
        )
    return d.Deployment(
        company_id=row.company_id,
        company_name=(company and company.company_name) or "",
        contact=contact_message(company) if company else None,
        deployment_id=row.deployment_id,
        deployment_name=row.deployment_name or "",
        solution=solution,
        versions=sightings,
        first_seen_at=first,
        last_seen_at=last,
    )


def _bound(value: str, field: str) -> Version | None:
    if not arguments.text(value, field, MAX_VERSION_BYTES):
        return None
    version = versions.parse(value)
    if version is None:
        raise arguments.invalid(field, "must be a version that begins with a number, such as 4.1.10")
    return version

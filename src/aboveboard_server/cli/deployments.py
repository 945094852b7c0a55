"""`aboveboard admin deployments`: who runs a product, in which versions, and whom to reach there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aboveboard.admin.v1 import deployment_pb2 as d
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    time_text,
    whole_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def list_deployments(
    *,
    solution: Annotated[str, typer.Option(help="Keep only this product.")] = "",
    min_version: Annotated[str, typer.Option(help="The lowest version, itself included.")] = "",
    max_version: Annotated[str, typer.Option(help="The highest version, itself included.")] = "",
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """List which companies run a product in a range of versions; what cannot be compared is within it.

    An installation that was upgraded shows several versions: the one seen last is the one that runs.
    """
    request = d.ListDeploymentsRequest(solution=solution, min_version=min_version, max_version=max_version)
    with administrators(endpoint) as stub:
        whole = whole_list(stub.ListDeployments, request)
    if as_json:
        print_json(whole)
        return
    print_table(
        ("company", "contact", "deployment", "product", "versions, last seen (UTC)", "first seen (UTC)"),
        (
            (
                f"{deployment.company_id} {deployment.company_name}",
                " ".join(value for _, value in deployment.contact.ListFields()),
                f"{deployment.deployment_id} {deployment.deployment_name}",
                deployment.solution,
                _versions(deployment.versions),
                deployment.first_seen_at,
            )
            for deployment in whole.deployments
        ),
    )
    if whole.anonymous_servers:
        typer.echo("Anonymous servers, which only the notice of `aboveboard serve` reaches:")
        print_table(
            ("server", "product", "versions, last seen (UTC)", "first seen (UTC)"),
            (
                (server.server_uuid, server.solution, _versions(server.versions), server.first_seen_at)
                for server in whole.anonymous_servers
            ),
        )


def _versions(sightings: Iterable[d.VersionSighting]) -> str:
    return ", ".join(f"{seen.version or 'unknown'} ({time_text(seen.last_seen_at)})" for seen in sightings)

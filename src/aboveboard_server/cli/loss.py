"""`aboveboard admin loss`: how many events never arrived."""

from __future__ import annotations

from typing import Annotated

import typer

from aboveboard.admin.v1 import loss_pb2
from aboveboard_server.cli.administration import (
    ENDPOINT,
    AsJson,
    Endpoint,
    administrators,
    print_json,
    print_table,
    whole_list,
)


def estimate_loss(
    *,
    solution: Annotated[str, typer.Option(help="Keep only this product.")] = "",
    days: Annotated[int, typer.Option(help="How many days to look at, today (UTC) included.")] = 30,
    endpoint: Endpoint = ENDPOINT,
    as_json: AsJson = False,
) -> None:
    """Estimate how many events never arrived, for each product and day: a lower bound (docs/browser.md)."""
    with administrators(endpoint) as stub:
        whole = whole_list(stub.EstimateLoss, loss_pb2.EstimateLossRequest(solution=solution, days=days))
    if as_json:
        print_json(whole)
        return
    print_table(
        ("day (UTC)", "solution", "instances", "arrived", "missing", "lost", "left out"),
        (
            (
                estimate.day,
                estimate.solution,
                estimate.instance_count,
                estimate.received_count,
                estimate.missing_count,
                _share(estimate.missing_count, estimate.received_count + estimate.missing_count),
                estimate.excluded_instance_count,
            )
            for estimate in whole.estimates
        ),
    )


def _share(missing: int, sent: int) -> str:
    return f"{missing / sent:.2%}" if sent else ""

"""Populations for the archive: what contributors have sent in a month, by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aboveboard_server.privacy.archive_cells import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

# Each contributor's month: its positive counts by cell.
Population = list[dict[Cell, int]]


def cells(count: int, solutions: int = 1) -> tuple[Cell, ...]:
    """Return fixed keys: so many cells for each of so many solutions."""
    return tuple(
        Cell(f"event_{number}", "CREATE", f"solution-{solution}")
        for number in range(count)
        for solution in range(solutions)
    )


def company(rng: Random, keys: Sequence[Cell], median: float) -> dict[Cell, int]:
    """Return the month of a company, lognormal (sigma = 1) in each of the cells that it uses."""
    used = [key for key in keys if rng.random() < 0.8] or [rng.choice(keys)]
    return {key: max(1, round(median * rng.lognormvariate(0, 1))) for key in used}


def population(rng: Random, keys: Sequence[Cell], companies: int, median: float) -> Population:
    """Return companies, often with a giant, one in a single cell, or a holding of equals among them."""
    members = [company(rng, keys, median) for _ in range(companies)]
    if rng.random() < 0.5:
        members[0] = {key: count * 10_000 for key, count in members[0].items()}
    if rng.random() < 0.3:
        members[-1] = {rng.choice(keys): round(median * 1e6) + 1}
    if rng.random() < 0.5:
        holding = rng.randint(2, 5)
        members[:holding] = [dict(members[0]) for _ in members[:holding]]
    return members

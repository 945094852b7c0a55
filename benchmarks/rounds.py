"""Interleaved rounds: each runs every contender once, each time beginning with another one.

A machine is faster in one minute than in the next. What is compared with each other is therefore measured
within one round, and no contender always comes first, when the disk is quiet, or last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.bench import Bench
    from benchmarks.contenders import Contender
    from benchmarks.jobs import Result


def play(
    bench: Bench,
    contenders: Sequence[Contender],
    rounds: int,
    found: dict[str, Any],
    told: Callable[[int, Contender, Result | None], None],
) -> None:
    """Fill the `runs` with those of each contender, one a round; `told` hears before and after every run.

    What the cores do at once, before each round, is in `cores_at_once`.
    """
    results: dict[str, list[Result]] = found["runs"]
    for number in range(rounds):
        found["cores_at_once"].append(cores.at_once())
        start = number * len(contenders) // rounds
        for contender in (*contenders[start:], *contenders[:start]):
            told(number, contender, None)
            result = bench.measure(contender)
            results.setdefault(contender.name, []).append(result)
            told(number, contender, result)

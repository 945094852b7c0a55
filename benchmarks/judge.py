"""Turns runs into figures: medians over the rounds, and ratios of two runs of the same round."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import goals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.contenders import Goal
    from benchmarks.jobs import Result

# What the server may take at sustained load, and by how much it may grow meanwhile and still count as flat.
MEMORY_MIB = 256
FLAT_MIB = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of the result: what was found in each round, and what it had to be."""

    row: str
    figures: tuple[float, ...]
    required: float
    stretch: float | None
    at_most: bool

    @property
    def figure(self) -> float:
        """The median over the rounds: what is judged."""
        return median(self.figures)

    @property
    def spread(self) -> str:
        """Over how wide a range it was found."""
        return f"{min(self.figures):.2f} to {max(self.figures):.2f}"

    @property
    def bound(self) -> str:
        """What is required; nothing where nothing is."""
        return f"{'≤' if self.at_most else '≥'} {self.required:g}" if self.required else ""

    @property
    def verdict(self) -> str:
        """What to say of it."""
        if not self.required:
            return ""
        if not self.is_met:
            return "not met"
        return "stretch met" if self.stretch is not None and self._holds(self.stretch) else "met"

    @property
    def is_met(self) -> bool:
        """Whether the figure is what was required."""
        return self._holds(self.required)

    def _holds(self, bound: float) -> bool:
        return self.figure <= bound if self.at_most else self.figure >= bound


def judge(runs: Mapping[str, Sequence[Result]], stores: list[str]) -> list[Judgement]:
    """Return a judgement for each goal that was measured."""
    return [
        _judgement(goal, runs)
        for goal in goals(stores)
        if goal.contender in runs and (not goal.reference or goal.reference in runs)
    ]


def middle(runs: Sequence[Result], figure: str) -> float:
    """Return the median of a figure over the rounds."""
    found: list[float] = [run[figure] for run in runs]
    return median(found)


def cores(run: Result) -> float:
    """Return how many cores the server's processes took together."""
    taken: list[float] = [process["cpu"] for process in run.get("server", [])]
    return sum(taken)


def cpu_micros(run: Result) -> float:
    """Return the processor's time for one event, in µs: what a busy machine changes least."""
    taken = run["cpu"] if "cpu" in run else cores(run)
    return float(taken / run["events_per_second"] * 1e6)


def memory(run: Result) -> dict[str, Any]:
    """Return what a server's memory did: its highest by either count, and its growth over the second half."""
    samples: Sequence[float] = run["memory_mib"]
    half = samples[len(samples) // 2 :]
    quarter = max(1, len(half) // 2)
    growth = median(half[quarter:] or half) - median(half[:quarter])
    return {
        "highest_mib": max(samples),
        "proportional_mib": max(run["proportional_mib"]),
        "growth_mib": growth,
        "flat": growth <= FLAT_MIB,
    }


def _judgement(goal: Goal, runs: Mapping[str, Sequence[Result]]) -> Judgement:
    found = [run[goal.figure] for run in runs[goal.contender]]
    if goal.reference:
        found = [own / other[goal.figure] for own, other in zip(found, runs[goal.reference], strict=False)]
    return Judgement(
        row=goal.row,
        figures=tuple(found),
        required=goal.required,
        stretch=goal.stretch,
        at_most=not goal.reference,
    )

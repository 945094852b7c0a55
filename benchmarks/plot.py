"""The plot of one run: what was reached, what it was held against, and how it grows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks.contenders import NAIVE, RAW
from benchmarks.judge import judge, middle
from benchmarks.svg import WIDTH, Drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.jobs import Result
    from benchmarks.judge import Judgement

LEFT, RIGHT = 420, 90
ROW = 22
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
# A panel of growth: its height, and the space between two.
GROWTH_HEIGHT = 120
GROWTH_GAP = 50
# From here on a figure is told without decimals.
ROUND_FROM = 100


def draw(results: dict[str, Any]) -> str:
    """Return the plot as an SVG file."""
    drawing = Drawing()
    drawing.y = 12
    for store in results["stores"]:
        _rates(drawing, results["runs"], store)
    _goals(drawing, [found for found in judge(results["runs"], results["stores"]) if found.required])
    if results["growth"]:
        _growth(drawing, results["growth"])
    return drawing.document("Speed of Aboveboard against the limit of its store")


def _rates(drawing: Drawing, runs: dict[str, list[Result]], store: str) -> None:
    """Draw the rates on one store as bars."""
    found = {
        name.partition(": ")[2]: middle(of, "events_per_second")
        for name, of in runs.items()
        if name.startswith(f"{store}: ") and "lone" not in name
    }
    if not found:
        return
    _title(drawing, f"{NAMES[store]}: events per second, each answered after it was on the disk")
    scale = (WIDTH - LEFT - RIGHT) / max(found.values())
    for name, rate in found.items():
        kind = "raw" if name.startswith(RAW) else "naive" if name.startswith(NAIVE) else "server"
        drawing.text(LEFT - 10, drawing.y + 14, name, "right")
        drawing.bar(LEFT, drawing.y + 3, rate * scale, ROW - 7, kind)
        drawing.text(LEFT + rate * scale + 8, drawing.y + 14, f"{rate:,.0f}", "number")
        drawing.y += ROW
    drawing.y += 8


def _goals(drawing: Drawing, found: Sequence[Judgement]) -> None:
    """Draw each figure in units of what was required of it."""
    if not found:
        return
    _title(drawing, "Against what is required: at 1 it is met; dashed, the stretch goal")
    top = max(2.0, *(_reached(judgement, judgement.figure) for judgement in found))
    scale = (WIDTH - LEFT - RIGHT) / top
    begun = drawing.y
    for judgement in found:
        y = drawing.y + ROW / 2
        ends = [LEFT + _reached(judgement, end) * scale for end in judgement.figures]
        if judgement.stretch is not None:
            stretch = LEFT + judgement.stretch / judgement.required * scale
            drawing.line(stretch, y - 7, stretch, y + 7, "stretch")
        store, _, row = judgement.row.partition(": ")
        drawing.text(LEFT - 10, y + 4, f"{NAMES[store]}: {row}", "right")
        drawing.line(min(ends), y, min(max(ends), WIDTH - RIGHT), y, "range")
        kind = "server" if judgement.is_met else "missed"
        drawing.dot(LEFT + _reached(judgement, judgement.figure) * scale, y, kind)
        drawing.text(WIDTH - 20, y + 4, f"{judgement.figure:.2f}", "number right")
        drawing.y += ROW
    drawing.line(LEFT + scale, begun, LEFT + scale, drawing.y, "bound")
    drawing.y += 12


def _growth(drawing: Drawing, growth: Sequence[Result]) -> None:
    """Draw how rate and look-up go with the rows that are there."""
    _title(drawing, "Growth: the same work, by the rows that are in the tables")
    width = (WIDTH - 2 * 40 - GROWTH_GAP) / 2
    panels: tuple[tuple[str, Callable[[Result], float]], ...] = (
        ("events per second", lambda at: float(at["events_per_second"])),
        ("ms to find one subject's rows", lambda at: float(at["look_up_p50_ms"])),
    )
    for position, (name, figure) in enumerate(panels):
        left = 40 + position * (width + GROWTH_GAP)
        _panel(drawing, growth, name, figure, left, width)
    drawing.y += GROWTH_HEIGHT + 50


def _panel(  # noqa: PLR0913, PLR0917  # what is drawn, and where
    drawing: Drawing,
    growth: Sequence[Result],
    name: str,
    figure: Callable[[Result], float],
    left: float,
    width: float,
) -> None:
    sizes = sorted({at["rows"] for at in growth})
    top = max(map(figure, growth)) * 1.15
    floor = drawing.y + 20 + GROWTH_HEIGHT
    span = math.log10(sizes[-1] / sizes[0]) or 1

    def place(rows: int, value: float) -> tuple[float, float]:
        x = left + 36 + math.log10(rows / sizes[0]) / span * (width - 120)
        return x, floor - value / top * GROWTH_HEIGHT

    drawing.text(left, drawing.y + 8, name, "note")
    drawing.line(left, floor, left + width, floor, "axis")
    for rows in sizes:
        drawing.text(place(rows, 0)[0], floor + 18, f"{rows:,}", "note middle")
    highest = {rows: max(figure(at) for at in growth if at["rows"] == rows) for rows in sizes}
    for store in dict.fromkeys(at["store"] for at in growth):
        ours = [at for at in growth if at["store"] == store]
        points = [place(at["rows"], figure(at)) for at in ours]
        drawing.path(points, store)
        for (x, y), at in zip(points, ours, strict=True):
            value = figure(at)
            # Of two lines the lower one is labelled below, where there is room above the axis.
            above = value == highest[at["rows"]] or y > floor - 20
            label = y - 7 if above else y + 16
            drawing.text(
                x, label, f"{value:,.0f}" if value >= ROUND_FROM else f"{value:.1f}", "note middle number"
            )
        drawing.text(points[-1][0] + 24, points[-1][1] + 4, NAMES[store], "note")


def _reached(judgement: Judgement, figure: float) -> float:
    """Return a figure in units of what is required: above 1 is better, for an upper bound as well."""
    return judgement.required / figure if judgement.at_most else figure / judgement.required


def _title(drawing: Drawing, text: str) -> None:
    drawing.text(20, drawing.y + 18, text, "title")
    drawing.y += 34

"""The alerts and the page on monitoring know every figure, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from aboveboard_server import metrics

DEPLOY = Path(__file__).parents[2] / "docs/deploy"


def figures() -> set[str]:
    """Return the names of our own figures, as /metrics and the pages call them."""
    typed = re.findall(r"^# TYPE (aboveboard_\w+) ", metrics.render().decode(), re.MULTILINE)
    return set(typed)


def named(page: str) -> set[str]:
    """Return the names of figures in a file, those of a histogram without what Prometheus adds."""
    found = set(re.findall(r"\baboveboard_[a-z_]+", (DEPLOY / page).read_text(encoding="utf-8")))
    return {name.removesuffix("_bucket") for name in found}


def test_each_figure_is_on_the_page() -> None:
    """Nobody has to guess what a figure means."""
    assert figures() - named("monitoring.md") == set()


def test_each_alert_is_of_a_figure_that_there_is() -> None:
    """A rule on a figure of another name never fires, and Prometheus does not say so."""
    assert named("alerts.yml") - figures() == set()


def test_each_figure_has_an_alert() -> None:
    """What nobody looks at is not looked at for them either."""
    assert figures() - named("alerts.yml") == set()

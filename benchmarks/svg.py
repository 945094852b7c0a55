"""A few shapes of SVG on a card of their own, legible on a light page and on a dark one."""

from __future__ import annotations

from xml.sax.saxutils import escape

WIDTH = 980
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink) }
  .title { font-size: 16px; font-weight: 600 } .note { font-size: 12px; fill: var(--soft) }
  .right { text-anchor: end } .middle { text-anchor: middle } .number { font-variant-numeric: tabular-nums }
  .card { fill: var(--card); stroke: var(--line) } .rule { stroke: var(--line) } .axis { stroke: var(--soft) }
  .server { fill: var(--server) } .raw { fill: var(--raw) } .naive { fill: var(--naive) }
  .bound { stroke: var(--bound); stroke-width: 2 } .stretch { stroke: var(--bound); stroke-dasharray: 3 2 }
  .range { stroke: var(--server); stroke-width: 2; opacity: .55 } .missed { fill: var(--missed) }
  .sqlite { stroke: var(--server); fill: none; stroke-width: 2 }
  .postgres { stroke: var(--bound); fill: none; stroke-width: 2 }
  svg { --ink: #1f2328; --soft: #59636e; --card: #ffffff; --line: #d1d9e0;
        --server: #1f6feb; --raw: #9aa4af; --naive: #d0b083; --bound: #bc4c00; --missed: #cf222e }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --soft: #9198a1; --card: #151b23; --line: #3d444d;
          --server: #58a6ff; --raw: #6e7681; --naive: #9a7b4f; --bound: #f0883e; --missed: #ff7b72 } }
"""


class Drawing:
    """Shapes from top to bottom; `y` is where the next one goes."""

    def __init__(self) -> None:
        self._shapes: list[str] = []
        self.y = 0.0

    def text(self, x: float, y: float, text: str, classes: str = "") -> None:
        """Write a line of text."""
        self._shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(text)}</text>')

    def bar(self, x: float, y: float, width: float, height: float, classes: str) -> None:
        """Draw a bar."""
        size = f'width="{max(width, 1):.1f}" height="{height:.1f}"'
        self._shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} rx="2" class="{classes}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, classes: str) -> None:
        """Draw a straight line."""
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._shapes.append(f'<line {ends} class="{classes}"/>')

    def dot(self, x: float, y: float, classes: str) -> None:
        """Draw a dot."""
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="{classes}"/>')

    def path(self, points: list[tuple[float, float]], classes: str) -> None:
        """Draw a line through points."""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._shapes.append(f'<polyline points="{joined}" class="{classes}"/>')

    def document(self, label: str) -> str:
        """Return the whole as an SVG file."""
        height = self.y + 16
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(label)}">'
        )
        card = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8" class="card"/>'
        return "\n".join([head, f"<style>{STYLE}</style>", card, *self._shapes, "</svg>", ""])

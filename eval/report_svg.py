"""Plots as inline SVG, without script or outside resource: every mark is drawn from numbers, every plot has a title that
is read aloud, and colours are the page's own variables, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10

from eval.confidence import Reliability

WIDTH, HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 40


def interval(value: float | None, bounds: tuple[float, float] | None, low: float = 0.0, high: float = 1.0) -> str:
    """A dot with its interval on a line from `low` to `high`, marked at 0 where that is inside; `-` without a value."""
    if value is None or bounds is None:
        return '<span class="none">-</span>'

    def x(v: float) -> float:
        return 4 + 152 * (min(max(v, low), high) - low) / (high - low)

    a, b = bounds
    zero = f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="1" y2="17"/>' if low < 0 < high else ""
    clear = " clear" if low < 0 and not a <= 0 <= b else ""
    return (
        '<svg class="interval" viewBox="0 0 160 18" aria-hidden="true" focusable="false">'
        f'<line class="scale" x1="4" x2="156" y1="9" y2="9"/>{zero}'
        f'<line class="range{clear}" x1="{x(a):.1f}" x2="{x(b):.1f}" y1="9" y2="9"/>'
        f'<circle class="dot{clear}" cx="{x(value):.1f}" cy="9" r="4"/></svg>'
    )


def heat_map(title: str, head: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[float | None, str]]]]) -> str:
    """A matrix: a colour a cell by its value, 0..1, or -1..1 for differences, and its words; None stays empty.

    `rows` are (name, cells), a cell is (value, words of at most two lines parted by a line feed).
    """
    left, top, cell_w, cell_h = 66, 26, 62, 40
    width, height = left + cell_w * len(head), top + cell_h * len(rows)
    parts = []
    for i, name in enumerate(head):
        parts.append(_text(left + cell_w * (i + 0.5), top - 9, name, "middle", "label"))
    for j, (name, cells) in enumerate(rows):
        y = top + cell_h * j
        parts.append(_text(left - 8, y + cell_h / 2 + 4, name, "end", "label"))
        for i, (value, words) in enumerate(cells):
            x = left + cell_w * i
            # Squared, so that what is good does not all look alike.
            heat = 0 if value is None else round(100 * min(1.0, value * value))
            kind = "cell empty" if value is None else "cell worse" if value < 0 else "cell"
            parts.append(
                f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{cell_w - 2}" height="{cell_h - 2}" rx="3" '
                f'style="--heat:{heat}%"/>'
            )
            first, _, second = words.partition("\n")
            parts.append(_text(x + cell_w / 2, y + (18 if second else 24), first, "middle", "value"))
            if second:
                parts.append(_text(x + cell_w / 2, y + 32, second, "middle", "small"))
    return _svg(title, width, height, parts, "heat")


def curve(
    title: str, points: Sequence[tuple[float, float]], across: str, up: str, marked: Sequence[tuple[float, float, str]] = ()
) -> str:
    """A line through (x, y), both 0..1 and x ascending, with the area below it; `marked` points bear words."""
    frame = _frame(across, up)
    if points:
        line = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
        area = f"{_x(points[0][0]):.1f},{_y(0):.1f} {line} {_x(points[-1][0]):.1f},{_y(0):.1f}"
        frame += [f'<polygon class="area" points="{area}"/>', f'<polyline class="line" points="{line}"/>']
    for x, y, words in marked:
        # Words stay inside the frame, and clear of the line.
        anchor, dx = ("end", -8) if x > 0.5 else ("start", 8)
        dy = 16 if y > 0.5 else -8
        frame.append(f'<circle class="dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4"/>')
        frame.append(_text(_x(x) + dx, _y(y) + dy, words, anchor, "value"))
    return _svg(title, WIDTH, HEIGHT, frame)


def reliability_diagram(title: str, found: Reliability) -> str:
    """Confidence against the share for which it held, a dot a bin, as large as it holds questions."""
    frame = _frame("confidence", "share that can be answered")
    frame.append(f'<line class="diagonal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    line = " ".join(f"{_x(b.confidence):.1f},{_y(b.share):.1f}" for b in found.bins)
    frame.append(f'<polyline class="line" points="{line}"/>')
    most = max(b.n for b in found.bins)
    for b in found.bins:
        radius = 3 + 7 * (b.n / most) ** 0.5
        tip = f"{b.n} questions: confidence {b.confidence:.2f}, answerable {b.share:.2f}"
        frame.append(
            f'<circle class="dot" cx="{_x(b.confidence):.1f}" cy="{_y(b.share):.1f}" r="{radius:.1f}"><title>{tip}</title></circle>'
        )
    return _svg(title, WIDTH, HEIGHT, frame)


def histogram(title: str, values: Sequence[float], across: str, marks: Sequence[tuple[float, str]] = (), bins: int = 24) -> str:
    """How many values fall into each of `bins` bins from 0 to the 99th percentile; what is beyond is in the last one.
    `marks` are values with words, drawn as lines."""
    top = _round_up(sorted(values)[min(len(values) - 1, int(0.99 * len(values)))])
    counts = [0] * bins
    for v in values:
        counts[min(int(v / top * bins), bins - 1)] += 1
    most = max(counts)
    parts = _axes(across, "questions", [f"{top * i / 4:.3g}" for i in range(5)], ["0", str(most)])
    step = (WIDTH - _LEFT - _RIGHT) / bins
    for i, n in enumerate(counts):
        h = (HEIGHT - _TOP - _BOTTOM) * n / most
        if n:
            parts.append(
                f'<rect class="bar" x="{_LEFT + i * step + 0.5:.1f}" y="{_y(0) - h:.1f}" width="{step - 1:.1f}" height="{h:.1f}"/>'
            )
    for number, (v, words) in enumerate(marks):
        x = _x(min(v / top, 1.0))
        anchor, dx = ("end", -4) if v / top > 0.7 else ("start", 4)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_y(0)}"/>')
        parts.append(_text(x + dx, _TOP + 12 + 16 * number, words, anchor, "value"))
    return _svg(title, WIDTH, HEIGHT, parts)


def _round_up(value: float) -> float:
    """The next value whose quarters are easy to read; 1 for 0."""
    if value <= 0:
        return 1.0
    unit = 10 ** floor(log10(value))
    return next(step * unit for step in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if step * unit >= value)


def _x(value: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * value


def _y(value: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value


def _frame(across: str, up: str) -> list[str]:
    return _axes(across, up, ["0", "0.25", "0.5", "0.75", "1"], ["0", "0.25", "0.5", "0.75", "1"])


def _axes(across: str, up: str, x_labels: Sequence[str], y_labels: Sequence[str]) -> list[str]:
    parts = []
    for i, label in enumerate(y_labels):
        y = _y(i / (len(y_labels) - 1))
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(_text(_LEFT - 6, y + 4, label, "end", "label"))
    for i, label in enumerate(x_labels):
        anchor = "start" if i == 0 else "end" if i == len(x_labels) - 1 else "middle"
        parts.append(_text(_x(i / (len(x_labels) - 1)), HEIGHT - _BOTTOM + 16, label, anchor, "label"))
    parts.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, across, "middle", "axis"))
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text class="axis" text-anchor="middle" transform="rotate(-90)" x="{-middle:.1f}" y="11">{escape(up)}</text>'
    )
    return parts


def _text(x: float, y: float, words: str, anchor: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(title: str, width: float, height: float, parts: Sequence[str], kind: str = "plot") -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}" '
        f'style="max-width:{1.35 * width:.0f}px">{"".join(parts)}</svg>'
    )

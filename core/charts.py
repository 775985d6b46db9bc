"""Small pictures as SVG text: sharp on a phone, readable without a network, the same file for the same numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 420, 300, 60, 14, 44, 24
COLORS = ("#2f6fb0", "#c8452d", "#3b8f4e", "#8a56a5", "#b58a1c", "#4a4a4a")
N_TICKS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; `marked` shows the points themselves."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Axes:
    """What a picture of lines shows; `diagonal` draws where predicted equals realized, or chance."""

    title: str
    x: str
    y: str
    unit: bool = True
    diagonal: bool = False


def line_chart(axes: Axes, lines: Sequence[Line]) -> str:
    """Lines in one frame; from 0 to 1 where both axes are shares."""
    xs, ys = ([value for line in lines for value in getattr(line, name)] for name in ("x", "y"))
    low_x, high_x = (0.0, 1.0) if axes.unit else _range(xs + (ys if axes.diagonal else []))
    low_y, high_y = (0.0, 1.0) if axes.unit else _range(ys + (xs if axes.diagonal else []))
    parts = [_frame(axes, (low_x, high_x), (low_y, high_y))]
    place_x, place_y = _scale(low_x, high_x, LEFT, WIDTH - RIGHT), _scale(low_y, high_y, HEIGHT - BOTTOM, TOP)
    if axes.diagonal:
        low, high = max(low_x, low_y), min(high_x, high_y)
        ends = f"{place_x(low):.1f},{place_y(low):.1f} {place_x(high):.1f},{place_y(high):.1f}"
        parts.append(f'<polyline points="{ends}" fill="none" stroke="#999" stroke-dasharray="4 4"/>')
    for i, line in enumerate(lines):
        color = COLORS[i % len(COLORS)]
        spots = [(place_x(x), place_y(y)) for x, y in zip(line.x, line.y, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        if line.marked:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>' for x, y in spots]
        if len(lines) > 1:
            # The lower right corner is the emptiest of a good ROC curve.
            place = (WIDTH - RIGHT - 8, HEIGHT - BOTTOM - 10 - 15 * (len(lines) - 1 - i))
            parts.append(_text(place, _cut(line.name), f' fill="{color}" text-anchor="end"'))
    return _svg(axes.title, "".join(parts), HEIGHT)


def bar_chart(title: str, bars: Sequence[tuple[str, float]], unit: str = "") -> str:
    """Bars that lie, one a line, with their names before and their values behind them."""
    largest = max((value for _, value in bars), default=0.0) or 1.0
    parts = []
    for i, (name, value) in enumerate(bars):
        top, length = TOP + 24 * i, max(1.0, 200 * value / largest)
        parts.append(_text((150, top + 14), _cut(name), ' text-anchor="end"'))
        parts.append(f'<rect x="156" y="{top + 2}" width="{length:.1f}" height="16" fill="{COLORS[0]}"/>')
        parts.append(_text((162 + length, top + 14), f"{value:.3g}{unit}"))
    return _svg(title, "".join(parts), TOP * 2 + 24 * max(len(bars), 1))


def histogram(axes: Axes, bars: Sequence[tuple[float, float, int]]) -> str:
    """Counts between edges."""
    low, high, largest = bars[0][0], bars[-1][1], max(n for _, _, n in bars)
    high = high if high > low else low + 1.0
    place_x, place_y = _scale(low, high, LEFT, WIDTH - RIGHT), _scale(0, largest or 1, HEIGHT - BOTTOM, TOP)
    drawn = [
        f'<rect x="{place_x(start):.1f}" y="{place_y(n):.1f}" width="{max(place_x(end) - place_x(start) - 1, 1):.1f}" '
        f'height="{HEIGHT - BOTTOM - place_y(n):.1f}" fill="{COLORS[0]}"/>'
        for start, end, n in bars
    ]
    return _svg(axes.title, _frame(axes, (low, high), (0, largest or 1)) + "".join(drawn), HEIGHT)


def heat_table(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A square of counts, darker for more of its line: true class down, predicted class across."""
    side = min(90.0, 300 / max(len(names), 1))
    parts = [_text((110, 12), "predicted")]
    for i, line in enumerate(counts):
        total = sum(line) or 1
        parts.append(_text((104, 40 + side * (i + 0.5)), _cut(names[i], 14), ' text-anchor="end"'))
        parts.append(
            _text((110 + side * (i + 0.5), 28), _cut(names[i], max(3, int(side / 7))), ' text-anchor="middle"')
        )
        for j, n in enumerate(line):
            x, y, share = 110 + side * j, 34 + side * i, n / total
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{side - 2:.1f}" height="{side - 2:.1f}" fill="{COLORS[0]}" '
                f'fill-opacity="{0.08 + 0.9 * share:.2f}"/>'
            )
            color = "#fff" if share > 0.5 else "#222"
            parts.append(_text((x + side / 2, y + side / 2 + 4), str(n), f' text-anchor="middle" fill="{color}"'))
    return _svg(title, "".join(parts), int(44 + side * len(names)))


def _frame(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> str:
    place_x, place_y = _scale(*x, LEFT, WIDTH - RIGHT), _scale(*y, HEIGHT - BOTTOM, TOP)
    parts = []
    for i in range(N_TICKS):
        at_x, at_y = (low + (high - low) * i / (N_TICKS - 1) for low, high in (x, y))
        parts.append(f'<path d="M{LEFT} {place_y(at_y):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text((LEFT - 6, place_y(at_y) + 4), _number(at_y), ' text-anchor="end"'))
        parts.append(_text((place_x(at_x), HEIGHT - BOTTOM + 16), _number(at_x), ' text-anchor="middle"'))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f' text-anchor="middle" transform="rotate(-90 12 {middle:.0f})"'
    return "".join(
        [
            *parts,
            _text(((LEFT + WIDTH) / 2, HEIGHT - 8), axes.x, ' text-anchor="middle"'),
            _text((12, middle), axes.y, turned),
        ]
    )


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    slope = (end - start) / ((high - low) or 1.0)
    return lambda value: start + (value - low) * slope


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _number(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _cut(name: str, length: int = 22) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _text(place: tuple[float, float], words: str, more: str = "") -> str:
    return f'<text x="{place[0]:.1f}" y="{place[1]:.1f}"{more}>{_plain(words)}</text>'


def _plain(words: str) -> str:
    # XML has no place for control characters, which names of columns may hold.
    return escape("".join(letter if letter.isprintable() else " " for letter in words))


def _svg(title: str, body: str, height: int) -> str:
    told = _plain(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}" '
        f'font-family="system-ui,sans-serif" font-size="12" fill="#222"><title>{told}</title>{body}</svg>'
    )

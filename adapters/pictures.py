"""The picture of a replay, as PNG and as a page; the only module that imports matplotlib."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLORS = ("#8a8a8a", "#2f6fb0", "#c8452d", "#3b8f4e", "#8a56a5", "#b58a1c")


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn.

    Attributes:
        title: Of the picture.
        metric: Name of the metric.
        windows: Start of each window.
        values: The metric in each window, by policy.
        retrained: Places of the windows before which a policy took up a new model, by policy.
    """

    title: str
    metric: str
    windows: Sequence[str]
    values: Mapping[str, Sequence[float]]
    retrained: Mapping[str, Sequence[int]]


def draw_png(curves: Curves) -> bytes:
    """One line a policy, a mark where it took up a new model."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = range(len(curves.windows))
    for color, (name, values) in zip(COLORS * 9, curves.values.items(), strict=False):
        marks = list(curves.retrained.get(name, ()))
        axes.plot(places, values, color=color, label=f"{name} ({len(marks)} new models)", lw=1.6)
        axes.plot(marks, [values[place] for place in marks], "v", color=color, ms=6)
    step = max(1, len(curves.windows) // 12)
    axes.set_xticks(list(places)[::step], [start[:10] for start in curves.windows][::step], rotation=30, ha="right")
    axes.set(title=curves.title, ylabel=curves.metric)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    content = io.BytesIO()
    # Without the date of drawing: the same replay is the same file.
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def page_of(curves: Curves, png: bytes, summary: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> str:
    """A page that needs nothing else: the picture, the policies, and what was decided in each window.

    Args:
        curves: What the picture shows.
        png: The picture.
        summary: A line of names and a line a policy.
        rows: A line of names and a line a window.
    """
    title = html.escape(curves.title)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        "<style>body{font:14px system-ui,sans-serif;margin:2rem;max-width:1200px}table{border-collapse:collapse;"
        "margin:1rem 0}td,th{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left}</style>"
        f"<h1>{title}</h1><img alt='{html.escape(curves.metric)} by window' style='max-width:100%' "
        f"src='data:image/png;base64,{base64.b64encode(png).decode()}'>{_table(summary)}{_table(rows)}</html>"
    )


def _table(lines: Sequence[Sequence[str]]) -> str:
    first, *others = lines
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in first)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in others)
    return f"<table><tr>{head}</tr>{body}</table>"

"""The part of a version's card that tells how it does in use: what the checks saw of it as champion."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.charts import Axes, Line, line_chart
from core.page import Picture, Section, Table
from core.story import Story

MOST_CHECKS = 50


def use_section(story: Story) -> Section:
    """The checks of the version as champion, newest first, and its metric over time where labels have arrived."""
    checks = story.checks[:MOST_CHECKS]
    if not checks:
        return Section("In use")
    metric = story.appraisal.metric if story.appraisal else next(iter(story.version.record.report.metrics))
    rows = tuple(
        (
            str(each["window"]["end"] or each["at"])[:16],
            str(each["window"]["rows"]),
            each["decision"],
            _realized(each, metric),
            f"{each['drifted_share']:.0%}",
            each["reason"],
        )
        for each in checks
    )
    head = ("window until", "rows", "decision", f"realized {metric}", "drifted columns", "why")
    return Section("In use", (), (Table(head, rows),), _over_time(checks, metric))


def _realized(check: Mapping[str, Any], metric: str) -> str:
    value = _value(check, metric)
    return "" if value is None else f"{value:.4f}"


def _value(check: Mapping[str, Any], metric: str) -> float | None:
    realized = check["performance"]["realized"]
    value = realized["metrics"].get(metric) if realized else None
    return None if value is None or not math.isfinite(value) else float(value)


def _over_time(checks: Sequence[Mapping[str, Any]], metric: str) -> tuple[Picture, ...]:
    # One window may be checked many times; its newest check tells.
    values: dict[str, float] = {}
    for each in checks:
        value = _value(each, metric)
        if value is not None:
            values.setdefault(each["window"]["digest"], value)
    if len(values) < 2:
        return ()
    told = list(reversed(values.values()))
    title = "Metric over time"
    axes = Axes(title, "windows, oldest first", f"realized {metric}", unit=False)
    return (Picture(title, line_chart(axes, [Line(metric, range(1, len(told) + 1), told, marked=True)])),)

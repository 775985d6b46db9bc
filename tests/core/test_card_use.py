from dataclasses import replace
from typing import Any

from core.card_use import use_section
from tests.core.test_card import story


def check(number: int, auc: float | None) -> dict[str, Any]:
    realized = None if auc is None else {"metrics": {"roc_auc": auc}}
    window = {"end": f"2026-05-{number:02d}T00:00:00", "rows": 100, "digest": str(number)}
    told = {"at": "2026-06-01", "decision": "nothing", "drifted_share": 0.25, "reason": "fine"}
    return told | {"window": window, "performance": {"realized": realized}}


def test_version_that_no_check_has_seen_has_no_such_part():
    section = use_section(story())
    assert (section.tables, section.pictures) == ((), ())


def test_windows_are_told_newest_first_and_without_labels_there_is_no_metric():
    section = use_section(replace(story(), checks=(check(2, None), check(1, 0.8))))
    assert [row[0][:10] for row in section.tables[0].rows] == ["2026-05-02", "2026-05-01"]
    assert [row[3] for row in section.tables[0].rows] == ["", "0.8000"]
    assert section.pictures == ()


def test_metric_over_time_has_a_point_for_each_window_with_labels():
    again = check(2, 0.7)
    checks = (check(3, float("nan")), again, again, check(1, 0.8))
    (picture,) = use_section(replace(story(), checks=checks)).pictures
    assert picture.svg.count("<circle") == 2

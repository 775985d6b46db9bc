"""The card of a version, from what was written down of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.appraisal import Scored, appraise
from core.card import card_of
from core.data_facts import ColumnFacts, PartFacts
from core.features import FeatureColumns
from core.fitting import Candidate
from core.lineage import Feature
from core.moves import Move
from core.page import Link, Page, Section, Table, markdown_of
from core.performance import Scorecard
from core.records import ClassShare, ModelRecord, Report, Version
from core.refs import DatasetRef
from core.splitting import SeenRows
from core.story import Story
from core.target import TargetCoding

N = 900
RANDOM = np.random.default_rng(3)
SCORE = RANDOM.uniform(size=N)
Y = (RANDOM.uniform(size=N) < SCORE).astype(float)
PLACE = pd.Series(np.where(np.arange(N) % 2 == 0, "north", "south"))
TABLE = DatasetRef("s3://b/snapshots/a.parquet", "a" * 64, 6000)
GATE = {
    "minimum": {"roc_auc": 0.7},
    "versus_champion": {"metric": None, "margin": 0.002, "confidence": 0.95},
    "slices": {"columns": ["place"], "max_drop": 0.03},
}
SPEC = {"name": "toy", "target": {"column": "bought"}, "data": {"source": "lake://toy", "window": {"last": "30d"}}}
REPORT = Report(
    metrics={"roc_auc": 0.83},
    baselines={"dummy": {"roc_auc": 0.5}, "linear": {"roc_auc": 0.8}},
    holdout=Scorecard(N, {}, 0.4, 0.1, 0.01, 0.5),
    importance={"age": 0.8, "place": 0.2},
    predictions="p.npy",
    digest="d" * 64,
    classes=(ClassShare("no", 0.5, 100, 50, 450), ClassShare("yes", 0.5, 100, 50, 10)),
    features=(Feature("age", "number", "source", ("age",), 1, 0.8),),
    shapley={"age": 0.11, "place": 0.02},
)
RECORD = ModelRecord(
    model="toy",
    coding=TargetCoding("binary", ("no", "yes")),
    columns=FeatureColumns(("age",), ("place",)),
    best=Candidate("logistic_regression", (("C", 1.0),)),
    report=REPORT,
    seen=SeenRows("hash", ("id",), None, 0.15),
    data=TABLE,
    data_until="2026-03-31T23:00:00",
    reference=TABLE,
    golden=TABLE,
    spec=SPEC | {"gate": GATE},
    spec_digest="e" * 64,
    verdict="promote",
    reason="gain +0.0100 roc_auc",
    cause="event-1",
    flow_run="run-1",
    git_commit="f" * 40,
    environment={"python": "3.11"},
)
CHECK = {
    "at": "2026-04-01T08:00:00+00:00",
    "decision": "retrain",
    "reason": "loss 0.4 -> 0.6",
    "window": {"rows": 2000, "start": "2026-03-01", "end": "2026-03-31"},
    "findings": [
        {"column": "age", "kind": "number", "effect": 1.2, "threshold": 0.2, "drifted": True, "importance": 0.8},
        {"column": "place", "kind": "category", "effect": 0.0, "threshold": 0.2, "drifted": False, "importance": 0.2},
    ],
}
TRAINING = {
    "at": "2026-04-01T09:00:00+00:00",
    "seconds": 31.5,
    "trials": 8,
    "stages": [{"name": "tune", "seconds": 20.0, "cached": False}, {"name": "split", "seconds": 0.1, "cached": True}],
    "metrics": {"challenger": {"roc_auc": 0.83}, "champion": {"roc_auc": 0.82}},
    "quarantined": {"n_rows": 7},
}
MOVE = Move(2, "toy", "release", 1, 3, "passed 6 checks", None, "ada", "run-2", "2026-04-02T10:00:00+00:00")


def story() -> Story:
    told = appraise(
        Scored("binary", ("no", "yes"), Y, np.where(PLACE == "north", RANDOM.uniform(size=N), SCORE), 0.5, None),
        "roc_auc",
        0,
        {"place": (PLACE, True)},
    )
    told = replace(
        told,
        parts=(PartFacts("train", 4000, "2026-01-01T00:00:00", "2026-03-01T00:00:00"),),
        columns=(ColumnFacts("age", "number", 0.4, 90, "1 / 40 / 99"),),
    )
    version = Version(3, "r" * 32, "models:/m-1", RECORD, "c" * 64)
    links = (Link("Drift report that caused it", "s3://b/reports/1.html"),)
    return Story(version, told, TRAINING, CHECK, (MOVE,), (), True, (), links)


def section(page: Page, title: str) -> Section:
    return next(each for each in page.sections if each.title.startswith(title))


def test_card_has_every_section_and_says_who_approved_it():
    page = card_of(story())
    assert [each.title.split()[0] for each in page.sections] == [
        "Verdict", "Metrics", "Slices", "Calibration", "Data", "Features", "Limits", "What", "Approvals", "How",
        "Where",
    ]  # fmt: skip
    assert (page.verdict, dict(page.facts)["approved by"]) == ("champion", "ada")
    assert "0.8300 [" in dict(page.facts)["roc_auc"]


def test_every_line_of_every_table_has_a_cell_for_each_name():
    tables = [table for each in card_of(story()).sections for table in each.tables]
    assert len(tables) > 10
    assert [table.head for table in tables if any(len(row) != len(table.head) for row in table.rows)] == []


def test_metrics_stand_beside_the_baselines_and_the_champion_of_then():
    page = card_of(story())
    assert section(page, "Metrics").tables[0].rows[0][0::3][:2] == ("roc_auc", "0.5000")
    assert section(page, "Verdict").tables[1].rows == (("roc_auc", "0.8300", "0.8200"),)


def test_cause_lists_what_drifted_and_nothing_else():
    told = section(card_of(story()), "What caused it")
    assert [row[0] for row in told.tables[0].rows] == ["age"]
    assert "retrain, loss 0.4 -> 0.6" in told.text[0]


def test_cause_that_the_journal_does_not_know_is_said():
    told = section(card_of(replace(story(), check=None)), "What caused it")
    assert "which the journal does not know" in told.text[0]


@pytest.mark.parametrize(
    "words",
    [
        "It knows nothing after 2026-03-31",
        "80% of its importance is one column, age",
        "It is worse where place = north",
        "More than 20% of the training rows have no value in: age",
        "Fewer than 30 test rows hold: yes",
    ],
)
def test_limits_are_read_from_the_numbers(words: str):
    assert any(line.startswith(words) for line in section(card_of(story()), "Limits").text)


def test_limits_of_a_version_without_such_weaknesses_name_none_of_them():
    even = replace(REPORT, importance={"age": 0.5, "place": 0.5}, classes=(), features=())
    told = story()
    record = replace(RECORD, report=even, data_until=None)
    flat = replace(told.appraisal, slices=(), columns=(), calibration=())
    lines = section(card_of(replace(told, version=replace(told.version, record=record), appraisal=flat)), "Limits").text
    assert len(lines) == 2


def test_version_of_before_there_was_an_appraisal_still_has_a_page():
    page = card_of(replace(story(), appraisal=None, training=None))
    assert [each.title for each in page.sections if each.title.startswith(("Slices", "Calibration"))] == []
    assert section(page, "Metrics").tables[0].rows[0][1] == "0.8300"


@pytest.mark.parametrize(("policy", "told"), [("always", "nobody yet"), ("never", "nobody, the policy did not ask")])
def test_version_that_waits_for_a_person_says_so(policy: str, told: str):
    asked = replace(RECORD, spec=RECORD.spec | {"release": {"approval": policy}})
    waits = replace(story(), version=Version(3, "r" * 32, "models:/m-1", asked, "c" * 64), moves=())
    assert dict(card_of(waits).facts)["approved by"] == told


def test_version_that_was_refused_a_release_says_so():
    refused = {
        "at": "2026-04-02T10:00:00+00:00",
        "verdict": "refused",
        "approved_by": None,
        "reason": "x",
        "move": None,
    }
    told = section(card_of(replace(story(), moves=(), releases=(refused,))), "Approvals")
    assert told.tables[0].rows[0][1] == "refused"
    assert section(card_of(replace(story(), moves=())), "Approvals").text == ("It was never released.",)


def test_markdown_shows_names_as_they_are():
    page = Page("t", "v", "l", (), (Section("s", tables=(Table(("a",), (("x|y *z* <b> [q](u)\nw",),)),)),))
    assert markdown_of(page).splitlines()[-1] == r"| x\|y \*z\* \<b\> \[q\](u) w |"

"""The reference of a version is the same whether its table is read whole or in parts."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters import partitions
from adapters.storage import read_bytes, write_array, write_frame
from core.features import FeatureColumns
from core.performance import Scorecard
from core.records import Report
from core.reference import from_bytes
from core.target import TargetCoding
from tasks import profiling
from tasks.profiling import Looked, write_reference
from tests.conftest import Project, toy_table

LOOKED = Looked(FeatureColumns(("age", "visits"), ("plan",)), "day", "bought", TargetCoding("binary", (False, True)))


def written(table: pd.DataFrame) -> str:
    test, score = table.tail(600), np.random.default_rng(0).uniform(size=600)
    report = Report({"roc_auc": 0.7}, {}, Scorecard(600, {}, 0.5, 0.1, 0.0, 0.5), {}, write_array(score), "")
    return write_reference(LOOKED, write_frame(table), test, report, table.head(1000))


@pytest.mark.parametrize("rows_in_a_group", [1500, 700], ids=["here", "on Dask"])
def test_table_read_in_parts_has_the_reference_of_the_whole(
    project: Project, monkeypatch: pytest.MonkeyPatch, rows_in_a_group: int
) -> None:
    table = toy_table(3000)
    whole = read_bytes(written(table))
    ref = write_frame(table)
    pq.write_table(pa.Table.from_pandas(table), ref.uri, row_group_size=rows_in_a_group)
    read = []
    monkeypatch.setattr(profiling, "read_part", lambda *asked: (read.append(asked[1]), partitions.read_part(*asked))[1])
    assert read_bytes(written(table)) == whole
    assert len(set(read)) == -(-3000 // rows_in_a_group)


def test_reference_holds_features_target_and_scores(project: Project) -> None:
    reference = from_bytes(read_bytes(written(toy_table(3000))))
    assert set(reference.profile.columns) == {
        "number:age", "number:visits", "category:plan", "target:bought", "prediction:prediction",
    }  # fmt: skip
    assert reference.profile.columns["number:age"].sketch.n_rows == 3000
    assert reference.profile.columns["prediction:prediction"].sketch.n_rows == 600
    assert reference.errors is not None
    assert len(reference.separations) > 1


def test_reference_of_a_wide_and_long_table_is_a_few_hundred_kilobytes(project: Project) -> None:
    random = np.random.default_rng(0)
    wide = toy_table(3000).assign(**{f"x{i}": random.normal(size=3000) for i in range(30)})
    looked = Looked(FeatureColumns(tuple(f"x{i}" for i in range(30)), ("plan",)), "day", "bought", LOOKED.coding)
    report = Report({}, {}, Scorecard(600, {}, 0.5, 0.1, 0.0, 0.5), {}, write_array(random.uniform(size=600)), "")
    content = read_bytes(write_reference(looked, write_frame(wide), wide.tail(600), report, wide.head(500)))
    assert len(content) < 300_000

import numpy as np
import pytest

from adapters.acceptance import score_in_clean_process
from adapters.packaging import pack_bytes
from core.acceptance import Limits, judge
from core.boosters import OPTIONAL
from core.fitting import predict
from tests.adapters.conftest import COLUMNS, ROWS, pipeline_of
from tests.core.conftest import installed_pairs


@pytest.fixture
def golden(tmp_path):
    """Golden rows, and beside them what was expected at training."""
    ROWS.head(20).assign(expected_0=0.0).to_parquet(tmp_path / "golden.parquet")
    return tmp_path / "golden.parquet"


def test_clean_process_predicts_what_this_one_predicts(tmp_path, golden):
    pipeline = pipeline_of("hist_gradient_boosting", "multiclass")
    (tmp_path / "model.skops").write_bytes(pack_bytes(pipeline))
    answer = score_in_clean_process(tmp_path / "model.skops", golden, COLUMNS)
    np.testing.assert_allclose(answer["prediction"], predict(pipeline, ROWS.head(20), "multiclass"), rtol=1e-12)


@pytest.mark.parametrize("family", ["hist_gradient_boosting", "logistic_regression"])
def test_model_of_ours_passes_every_check_in_a_clean_process(tmp_path, golden, family):
    pipeline = pipeline_of(family, "multiclass")
    (tmp_path / "model.skops").write_bytes(pack_bytes(pipeline))
    answer = score_in_clean_process(tmp_path / "model.skops", golden, COLUMNS)
    checks = judge(answer, predict(pipeline, ROWS.head(20), "multiclass"), Limits(memory_mb=2000))
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize(("family", "problem"), installed_pairs([(name, "binary") for name in OPTIONAL]))
def test_booster_predicts_the_same_where_only_libraries_are(tmp_path, golden, family, problem):
    pipeline = pipeline_of(family, problem, balanced=1)
    (tmp_path / "model.skops").write_bytes(pack_bytes(pipeline))
    answer = score_in_clean_process(tmp_path / "model.skops", golden, COLUMNS)
    found = np.asarray(answer["prediction"])[:, 1]
    np.testing.assert_allclose(found, predict(pipeline, ROWS.head(20), "binary"), rtol=1e-6)


def test_file_that_is_no_model_is_an_answer_that_tells_the_error(tmp_path, golden):
    (tmp_path / "model.skops").write_bytes(b"no model")
    assert "zip" in score_in_clean_process(tmp_path / "model.skops", golden, COLUMNS)["error"].lower()

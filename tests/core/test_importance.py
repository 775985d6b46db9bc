import numpy as np
import pandas as pd
import pytest

from core.importance import permutation_shares

N = 500
ROWS = pd.DataFrame(
    {"strong": np.linspace(-3, 3, N), "weak": np.tile([0.0, 1.0], N // 2), "none": "x", "noise": np.arange(N)}
)
Y = 3 * ROWS["strong"].to_numpy() + ROWS["weak"].to_numpy()


def shares(seed: int = 0, metric: str = "rmse", y: np.ndarray = Y) -> dict[str, float]:
    return permutation_shares(
        lambda rows: 3 * rows["strong"].to_numpy() + rows["weak"].to_numpy(), ROWS, y, metric, seed
    )


def test_shares_sum_to_one():
    assert sum(shares().values()) == pytest.approx(1)


def test_feature_that_matters_more_comes_first():
    assert list(shares())[:2] == ["strong", "weak"]


def test_feature_that_is_not_read_has_no_share():
    assert (shares()["none"], shares()["noise"]) == (0, 0)


def test_same_seed_gives_the_same_shares():
    assert shares(4) == shares(4)


def test_rows_are_left_as_they_were():
    before = ROWS.copy(deep=True)
    shares()
    pd.testing.assert_frame_equal(ROWS, before)


def test_model_that_reads_nothing_gives_no_shares():
    found = permutation_shares(lambda rows: np.zeros(len(rows)), ROWS, Y, "rmse", 0)
    assert set(found.values()) == {0.0}


def test_undefined_metric_gives_no_shares():
    assert set(shares(metric="roc_auc", y=np.zeros(N)).values()) == {0.0}

"""One XGBoost model of rows that lie on several workers; each test starts two processes."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from adapters.array_parts import layout_of_array, read_array_rows
from adapters.packaging import pack_bytes, unpack
from adapters.storage import write_array
from adapters.trials import fit_members, read_rows
from core.choices import BALANCED, LOG_TARGET
from core.families import FAMILIES
from core.features import FeatureColumns
from core.fitting import Candidate, Learning, loss_curve, predict
from core.refs import EncodedRef, FeaturesRef

N, N_HELD = 3000, 600
pytest.importorskip("xgboost", reason="xgboost is not installed, `pip install 'everfit[distributed]'` brings it")


def stored(problem: str) -> FeaturesRef:
    """Two numbers and a category, of which the target follows."""
    random = np.random.default_rng(0)
    x = random.normal(size=(N + N_HELD, 3))
    x[:, 2] = random.integers(0, 6, len(x))
    signal = x[:, 0] + 2 * np.isin(x[:, 2], (1, 4)) + 0.5 * random.normal(size=len(x))
    y = {"binary": signal > 1.5, "multiclass": np.digitize(signal, (0, 1.5)), "regression": np.exp(signal)}[problem]
    y = np.asarray(y, dtype=np.float64)
    encoded = EncodedRef("trees", "", write_array(x[:N]), write_array(x[N:]), (2,))
    return FeaturesRef((encoded,), write_array(y[:N]), write_array(y[N:]), FeatureColumns(("a", "b"), ("c",)))


def quality(problem: str, y: np.ndarray, prediction: np.ndarray) -> float:
    if problem == "regression":
        return float(r2_score(y, prediction))
    return float(roc_auc_score(y, prediction, multi_class="ovr"))


@pytest.mark.usefixtures("store")
def test_some_rows_of_an_array_are_read_without_the_others():
    whole = np.random.default_rng(0).normal(size=(50, 3))
    uri = write_array(whole)
    assert layout_of_array(uri).shape == (50, 3)
    np.testing.assert_array_equal(read_array_rows(uri, 7, 19), whole[7:19])
    np.testing.assert_array_equal(read_array_rows(write_array(whole[:, 0]), 0, 50), whole[:, 0])


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("problem", "choice"),
    [("binary", {}), ("binary", {BALANCED: True}), ("multiclass", {}), ("regression", {LOG_TARGET: True})],
)
def test_a_model_of_all_workers_is_a_plain_one_and_as_good_as_that_of_one(problem: str, choice: dict[str, bool]):
    features = stored(problem)
    member = Candidate("xgboost", tuple({**FAMILIES["xgboost"].start, **choice}.items()))
    learning = Learning("y", problem, "rmse" if problem == "regression" else "roc_auc", 0, weights="auto", log="auto")
    alone, together = (fit_members(features, [member], learning, distributed=each)[0] for each in (False, True))
    held = read_rows(features, "trees")[1]
    whole, parted = (quality(problem, held.y, predict(model, held.x, problem)) for model in (alone, together))
    assert abs(whole - parted) < 0.02
    assert whole > 0.6
    assert type(together) is type(alone)
    assert loss_curve(together)
    # It was fitted by others: two models of the very same numbers would mean that nothing was spread.
    assert not np.array_equal(predict(alone, held.x, problem), predict(together, held.x, problem))
    packed = unpack(pack_bytes(together), "model.skops")
    np.testing.assert_array_equal(predict(packed, held.x, problem), predict(together, held.x, problem))


@pytest.mark.usefixtures("store")
def test_others_are_fitted_as_ever_and_members_keep_their_places():
    features, learning = stored("binary"), Learning("y", "binary", "roc_auc", 0)
    members = [Candidate(name, tuple(FAMILIES[name].start.items())) for name in ("xgboost", "random_forest")]
    fitted = fit_members(features, members, learning, distributed=True)
    assert [type(each).__name__ for each in fitted] == ["XGBClassifier", "RandomForestClassifier"]

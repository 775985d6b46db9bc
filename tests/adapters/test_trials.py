"""What a worker does."""

import numpy as np
import pytest

from adapters.storage import write_array
from adapters.trials import Work, attempt, fit_members, read_rows
from core.families import FAMILIES
from core.features import FeatureColumns
from core.fitting import Candidate, Learning, fit_candidate, predict
from core.refs import EncodedRef, FeaturesRef
from core.rungs import ENOUGH_TO_RANK
from core.search import Job

LEARNING = Learning("y", "binary", "roc_auc", seed=0)
NAMES = ("random_forest", "hist_gradient_boosting", "random_forest")


def features(n: int = 500, n_validation: int = 200) -> FeaturesRef:
    random = np.random.default_rng(0)
    x = random.normal(size=(n + n_validation, 3))
    y = (x[:, 0] + random.normal(size=len(x)) > 0).astype(float)
    encoded = EncodedRef("trees", "", write_array(x[:n]), write_array(x[n:]), ())
    return FeaturesRef((encoded,), write_array(y[:n]), write_array(y[n:]), FeatureColumns(tuple("abc"), ()))


def first_of(name: str, **params: float) -> Candidate:
    return Candidate(name, tuple({**FAMILIES[name].start, **params}.items()))


@pytest.mark.usefixtures("store")
def test_members_that_are_fitted_side_by_side_are_those_that_are_fitted_alone():
    stored = features()
    members = tuple(first_of(name, max_features=0.4 + place / 10) for place, name in enumerate(NAMES))
    train, validation = read_rows(stored, "trees")
    alone = [predict(fit_candidate(member, LEARNING, train, validation), validation.x, "binary") for member in members]
    together = [predict(fitted, validation.x, "binary") for fitted in fit_members(stored, members, LEARNING)]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.usefixtures("store")
def test_only_a_fit_on_all_rows_keeps_its_predictions_and_is_scored_on_all_validation_rows(
    monkeypatch: pytest.MonkeyPatch,
):
    import adapters.trials as module

    stored, scored, fitted = features(200, ENOUGH_TO_RANK + 500), [], module.try_candidate

    def seen(candidate, learning, train, validation):
        scored.append((len(train.y), len(validation.y)))
        return fitted(candidate, learning, train, validation)

    monkeypatch.setattr(module, "try_candidate", seen)
    candidate = first_of("hist_gradient_boosting")
    few, every = (attempt(Work(stored, LEARNING), Job(candidate, share, 0)) for share in (0.5, 1.0))
    assert scored == [(100, ENOUGH_TO_RANK), (200, ENOUGH_TO_RANK + 500)]
    assert not few.predictions
    assert every.predictions

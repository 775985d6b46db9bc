"""LightGBM and XGBoost: optional families, stopped early on the validation rows, one thread, native categories."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from core.errors import SpecError

if TYPE_CHECKING:
    from core.families import Params
    from core.rows import Watched

PATIENCE = 10
MOST_ROUNDS = 400
# The library behind each optional family.
OPTIONAL = ("lightgbm", "xgboost")
# The family that the workers of a cluster can fit together, and stop early.
SPREADABLE = "xgboost"


def check_installed(families: tuple[str, ...]) -> None:
    """Refuse families whose library is not there, before any work.

    Raises:
        SpecError: Names the command that installs it.
    """
    missing = [name for name in families if name in OPTIONAL and find_spec(name) is None]
    if missing:
        raise SpecError(
            f"the family {missing[0]} in `search.families` cannot be fitted",
            f"the library {missing[0]} is not installed here",
            "pip install 'everfit[boosting]', or take it out of `search.families`",
        )


def build_lightgbm(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted LightGBM estimator of scikit-learn's kind."""
    import lightgbm

    kind = lightgbm.LGBMRegressor if problem == "regression" else lightgbm.LGBMClassifier
    fixed = {"deterministic": True, "force_row_wise": True, "subsample_freq": 1, "verbosity": -1}
    return kind(n_estimators=MOST_ROUNDS, n_jobs=1, random_state=seed, **fixed, **params)


def watch_lightgbm(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """What `fit` is given so that it stops early."""
    import lightgbm

    weights = {} if rows.weights is None else {"eval_sample_weight": [rows.weights]}
    stop = lightgbm.early_stopping(PATIENCE, first_metric_only=True, verbose=False)
    categories = {"categorical_feature": list(rows.categorical)} if rows.categorical else {}
    return {"eval_X": rows.x, "eval_y": rows.y, "callbacks": [stop], **categories, **weights}


def build_xgboost(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted XGBoost estimator of scikit-learn's kind."""
    import xgboost

    kind = xgboost.XGBRegressor if problem == "regression" else xgboost.XGBClassifier
    fixed = {"tree_method": "hist", "early_stopping_rounds": PATIENCE}
    return kind(n_estimators=MOST_ROUNDS, n_jobs=1, random_state=seed, verbosity=0, **fixed, **params)


def watch_xgboost(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """What `fit` is given so that it stops early; category codes are told by the types of the columns."""
    if rows.categorical:
        codes = set(rows.categorical)
        types = ["c" if column in codes else "q" for column in range(rows.x.shape[1])]
        estimator.set_params(enable_categorical=True, feature_types=types)
    weights = {} if rows.weights is None else {"sample_weight_eval_set": [rows.weights]}
    return {"eval_set": [(rows.x, rows.y)], "verbose": False, **weights}


def xgboost_of_workers(estimator: Any, client: Any) -> Any:
    """An unfitted estimator with the same parameters, which the workers of a Dask client fit together."""
    from xgboost import dask

    kind = dask.DaskXGBClassifier if hasattr(estimator, "predict_proba") else dask.DaskXGBRegressor
    model = kind(**estimator.get_params())
    model.client = client
    return model

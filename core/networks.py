"""A small neural network that reads what trees read: codes become columns of 0 and 1, numbers are centred and scaled.

So it can stand beside trees in one ensemble, whose rows are encoded once.
"""

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.families import Params, Watched

# Of an epoch, whatever the table: smaller batches where there are fewer rows.
STEPS = 100
SMALLEST_BATCH, LARGEST_BATCH = 16, 256
MOST_LEVELS = 64
OWN = ("width", "epochs")
# The steps of the pipeline.
COLUMNS, NETWORK = "columns", "network"


def build_network(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted pipeline with two hidden layers; how many epochs it learns is a parameter like any other."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    # What warns is that all epochs were learned, which is what was asked for.
    warnings.filterwarnings("ignore", "Stochastic Optimizer: Maximum iterations", ConvergenceWarning)
    rest = {name: value for name, value in params.items() if name not in OWN}
    # Its own early stopping goes by accuracy, which rare classes do not move.
    rest |= {"max_iter": params["epochs"], "n_iter_no_change": params["epochs"], "random_state": seed}
    rest["hidden_layer_sizes"] = (params["width"], params["width"])
    if problem == "regression":
        network = TransformedTargetRegressor(MLPRegressor(**rest), transformer=StandardScaler())
    else:
        network = MLPClassifier(**rest)
    return Pipeline([(COLUMNS, "passthrough"), (NETWORK, network)])


def watch_network(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """Which columns are codes, and how large a batch is; the network watches nothing."""
    size = min(max(len(rows.train.y) // STEPS, SMALLEST_BATCH), LARGEST_BATCH)
    inner = "regressor__" if hasattr(estimator[-1], "regressor") else ""
    estimator.set_params(**{COLUMNS: _columns(rows), f"{NETWORK}__{inner}batch_size": size})
    return {}


def _columns(rows: "Watched") -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    codes = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_LEVELS, sparse_output=False)
    known = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    numbers = [column for column in range(rows.x.shape[1]) if column not in rows.categorical]
    parts = [("numbers", make_pipeline(known, StandardScaler()), numbers), ("codes", codes, list(rows.categorical))]
    return ColumnTransformer([part for part in parts if part[2]])

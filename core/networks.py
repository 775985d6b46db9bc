"""A small neural network that reads what trees read: codes become columns of 0 and 1, numbers are centred and scaled.

So it can stand beside trees in one ensemble, whose rows are encoded once.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.metrics import Floats

if TYPE_CHECKING:
    from core.families import Params
    from core.rows import Watched

# From one look at the validation rows to the next: smaller batches where there are fewer rows.
STEPS = 100
SMALLEST_BATCH, LARGEST_BATCH = 16, 256
# Looks without a gain until learning ends, and epochs at most.
PATIENCE, MOST_EPOCHS = 5, 40
MOST_LEVELS = 64
# Not scikit-learn's own; candidates of before networks stopped by themselves have epochs.
OWN = ("width", "epochs")
# The steps of the pipeline.
COLUMNS, NETWORK = "columns", "network"


def build_network(params: "Params", problem: str, seed: int) -> Any:
    """An unfitted pipeline with two hidden layers; its `fit` wants validation rows too, and makes it a plain one."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    rest = {name: value for name, value in params.items() if name not in OWN}
    rest |= {"hidden_layer_sizes": (params["width"], params["width"]), "random_state": seed}
    if problem == "regression":
        network = TransformedTargetRegressor(_stopping(MLPRegressor)(**rest), transformer=StandardScaler())
    else:
        network = _stopping(MLPClassifier)(**rest)
    return _watching()([(COLUMNS, "passthrough"), (NETWORK, network)])


def watch_network(estimator: Any, rows: "Watched") -> dict[str, Any]:
    """Which columns are codes, how large a batch is, and the rows by which it stops."""
    size = min(max(len(rows.train.y) // STEPS, SMALLEST_BATCH), LARGEST_BATCH)
    inner = "regressor__" if hasattr(estimator[-1], "regressor") else ""
    estimator.set_params(**{COLUMNS: _columns(rows), f"{NETWORK}__{inner}batch_size": size})
    return {"held": (rows.x, rows.y, rows.weights)}


@lru_cache(maxsize=1)
def _watching() -> type:
    from sklearn.pipeline import Pipeline

    class Watching(Pipeline):  # type: ignore[misc]
        """Shows its network the validation rows as it shows it the training rows."""

        def fit(self, x: Floats, y: Floats, held: tuple[Floats, Floats, Floats | None]) -> Any:
            columns, network = self[0], self[-1]
            encoded, (x_held, y_held, weights) = columns.fit_transform(x), held
            if hasattr(network, "regressor"):
                y_held = (y_held - y.mean()) / (y.std() or 1.0)
            network.fit(encoded, y, held=(columns.transform(x_held), y_held, weights))
            if hasattr(network, "regressor"):
                network.regressor.__class__ = type(network.regressor_)
            # From here on it is a plain pipeline, which is packed and loaded like any other.
            self.__class__ = Pipeline
            return self

    return Watching


@lru_cache(maxsize=2)
def _stopping(kind: type) -> type:
    class Stopping(kind):  # type: ignore[misc]
        """Learns until the loss on the validation rows no longer falls, and keeps the weights that were best.

        Its own early stopping goes by accuracy, which rare classes do not move, and on rows of its own.
        """

        coefs_: list[Floats]
        intercepts_: list[Floats]

        def fit(self, x: Floats, y: Floats, held: tuple[Floats, Floats, Floats | None]) -> Any:
            known = {"classes": np.unique(y)} if hasattr(self, "predict_proba") else {}
            kept: list[Floats] = []
            losses: list[float] = []
            for rows in _parts(len(y), self.batch_size * STEPS, self.random_state):
                self.partial_fit(x[rows], y[rows], **known)
                losses.append(_loss(self, *held))
                best = int(np.argmin(losses))
                if best == len(losses) - 1:
                    kept = [np.copy(each) for each in (*self.coefs_, *self.intercepts_)]
                if len(losses) - 1 - best >= PATIENCE:
                    break
            n_layers = len(kept) // 2
            self.coefs_, self.intercepts_ = kept[:n_layers], kept[n_layers:]
            self.loss_curve_ = losses
            self.__class__ = kind
            return self

    return Stopping


def _parts(n_rows: int, size: int, seed: int) -> Any:
    """Rows to learn from one look to the next: all of them in an order of chance, epoch after epoch."""
    random = np.random.default_rng(seed)
    n_parts = max(1, round(n_rows / size))
    for _ in range(MOST_EPOCHS):
        yield from np.array_split(random.permutation(n_rows), n_parts)


def _loss(network: Any, x: Floats, y: Floats, weights: Floats | None) -> float:
    if not hasattr(network, "predict_proba"):
        return float(np.average((network.predict(x) - y) ** 2, weights=weights))
    of_truth = network.predict_proba(x)[np.arange(len(y)), y.astype(np.intp)]
    return float(np.average(-np.log(np.maximum(of_truth, np.finfo(float).tiny)), weights=weights))


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

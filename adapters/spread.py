"""One model whose training rows lie in parts on the workers of a Dask cluster: XGBoost's own distributed training.

Each worker reads its parts from the store by itself; nobody holds all rows. What comes back is a plain XGBoost
estimator. Workers add up what each has seen, so another number of them gives a slightly other model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, cast

import numpy as np

from adapters.array_parts import layout_of_array, read_array_rows
from adapters.cluster import Size, cluster, dask_client, default_workers, free_bytes, rows_in_parts, sent
from adapters.settings import settings
from adapters.storage import read_array
from core.boosters import SPREADABLE, build_xgboost, xgboost_of_workers
from core.families import FAMILIES, Params
from core.fitting import Candidate, Learning, decisions, fit_family
from core.metrics import Floats
from core.refs import FeaturesRef
from core.rows import Rows

# A part is read at once; of smaller ones, asking would take longer than reading.
PART_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Encoded rows that stay in the store, and the workers that read them; only what is asked for is read here."""

    uri: str
    shape: tuple[int, ...]
    client: Any

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, places: list[int]) -> Floats:
        rows = [read_array_rows(self.uri, place, place + 1) for place in places]
        return np.concatenate([np.empty((0, self.shape[1])), *rows])

    @property
    def n_workers(self) -> int:
        return len(dask_client(self.client).scheduler_info(n_workers=-1)["workers"])


def fit_together(features: FeaturesRef, members: Sequence[Candidate], learning: Learning) -> list[Any]:
    """The fitted estimators of candidates of XGBoost, each by all workers of the cluster.

    Args:
        features: Addresses of the encoded rows; on a named cluster the workers must reach them.
        members: The candidates.
        learning: What is learned.
    """
    encoding = features.encoding(FAMILIES[SPREADABLE].recipe)
    held = Rows(read_array(encoding.validation), np.asarray(read_array(features.y_validation)), encoding.categorical)
    family = replace(FAMILIES[SPREADABLE], build=_build)
    # Processes, as on a cluster of machines: who trains with others does so once a process.
    # How much memory the workers of a named cluster have is its own affair: none of them holds all rows.
    memory_bytes = 0 if settings().dask else free_bytes() // default_workers()
    size = Size(default_workers(), kind="processes", memory_bytes=memory_bytes)
    with cluster(size) as client:
        stored = StoredRows(encoding.train, layout_of_array(encoding.train).shape, client)
        train = Rows(cast(Floats, stored), np.asarray(read_array(features.y_train)), encoding.categorical)
        return [fit_family(family, decisions(each, learning), learning, (train, held)) for each in members]


def _build(params: Params, problem: str, seed: int) -> Any:
    estimator = build_xgboost(params, problem, seed)
    estimator.__class__ = _fitted_by_all(type(estimator))
    return estimator


def _fitted_by_all(kind: Any) -> Any:
    class FittedByAll(kind):  # type: ignore[misc]
        def fit(self, x: StoredRows, y: Floats, sample_weight: Floats | None = None, **watch: Any) -> Any:
            model = _train(
                xgboost_of_workers(self, dask_client(x.client)), x, {"y": y, "sample_weight": sample_weight}, watch
            )
            self.load_model(model.get_booster().save_raw())
            self.evals_result_ = model.evals_result_
            # From here on it is a plain estimator, which is packed and loaded like any other.
            self.__class__ = kind
            return self

    return FittedByAll


def _train(model: Any, x: StoredRows, columns: dict[str, Floats | None], watch: dict[str, Any]) -> Any:
    n_workers = x.n_workers
    parts = _parts(len(x), max(n_workers, -(-len(x) * x.shape[1] * 8 // PART_BYTES)))
    rows = rows_in_parts(x.client, partial(read_array_rows, x.uri), parts, x.shape[1])
    beside = {name: sent(each, parts) for name, each in columns.items() if each is not None}

    def held(values: Floats) -> Any:
        return sent(values, _parts(len(values), n_workers))

    judges = {"eval_set": [tuple(map(held, pair)) for pair in watch.pop("eval_set")]}
    if "sample_weight_eval_set" in watch:
        judges["sample_weight_eval_set"] = [held(each) for each in watch.pop("sample_weight_eval_set")]
    return model.fit(rows, **beside, **judges, **watch)


def _parts(n_rows: int, n_parts: int) -> tuple[tuple[int, int], ...]:
    """The first row of each part and the one after its last; parts are of equal sizes, and none is empty."""
    return tuple(pairwise(np.linspace(0, n_rows, min(n_parts, n_rows) + 1).astype(int).tolist()))

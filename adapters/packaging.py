"""Models as skops files: no pickle, and only types that this list names are ever loaded."""

import zipfile
from typing import Any

from core.errors import DataRejected

# What the families of `core.families` and the recipes of `core.features` are made of, beyond what skops trusts itself.
TRUSTED = (
    "collections.OrderedDict",
    "functools.partial",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
)


def pack_bytes(model: Any) -> bytes:
    """A fitted estimator, transformer or pipeline as bytes."""
    import skops.io

    content: bytes = skops.io.dumps(model)
    return content


def unpack(content: bytes, origin: str) -> Any:
    """The object in a skops file.

    Raises:
        DataRejected: It names a type that is not trusted; nothing of it is loaded.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.loads(content, trusted=list(TRUSTED))
    except (zipfile.BadZipFile, KeyError) as error:
        raise DataRejected(
            f"the model {origin} is refused", "it is no skops file", "give a whole model file"
        ) from error
    except UntrustedTypesFoundException as error:
        raise DataRejected(
            f"the model {origin} is refused", str(error), "load only models that everfit stored"
        ) from error

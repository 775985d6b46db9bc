"""What the driver of a scoring knows of a chunk besides its predictions: keys that came before, typed values."""

import numpy as np
import pandas as pd

from core.cells import read_cells
from core.columns import with_columns
from core.repeats import KeysBefore, ToldBefore
from core.scoring import ScoringPlan, held_type, unique_keys


def told_before(frame: pd.DataFrame, plan: ScoringPlan, before: KeysBefore) -> ToldBefore:
    """What `score_rows` must know of the chunks before this one; the keys of this one are added to them."""
    keys = unique_keys(frame, plan)
    return ToldBefore(np.full(len(frame), False) if keys is None else before.repeats(keys))


def read_columns(frame: pd.DataFrame, plan: ScoringPlan) -> pd.DataFrame:
    """Raw rows with the columns of the plan in their types; what cannot be read is missing."""
    types = plan.types
    read = {n: read_cells(frame[n], types[n], plan.how, held_type(plan, n)).values for n in types if n in frame}
    return with_columns(frame, read)

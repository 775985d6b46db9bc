import numpy as np
import pandas as pd
import pytest

from core.repeats import KeysBefore

KEYS = pd.Series(np.random.default_rng(0).integers(0, 400, 1000).astype(str))


@pytest.mark.parametrize("n_rows", [1, 7, 100, 1000])
def test_key_that_came_before_is_told_however_the_table_is_cut(n_rows):
    before = KeysBefore()
    parts = [KEYS.iloc[start : start + n_rows].to_frame("id") for start in range(0, len(KEYS), n_rows)]
    told = np.concatenate([before.repeats(part) for part in parts])
    np.testing.assert_array_equal(told, KEYS.duplicated())


def test_hashes_are_kept_in_few_runs():
    before = KeysBefore()
    for start in range(0, 6400, 100):
        before.repeats(pd.DataFrame({"id": np.arange(start, start + 100).astype(str)}))
    assert sum(map(len, before.sorted)) == 6400
    assert len(before.sorted) < 8

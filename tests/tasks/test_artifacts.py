import json

from tasks.artifacts import LARGEST_BYTES, fitting


def test_table_that_fits_is_shown_whole():
    rows = [{"a": i} for i in range(100)]
    assert fitting(rows) == rows


def test_table_that_is_too_large_says_how_many_rows_it_leaves_out():
    rows = [{"name": "x" * 1000, "n": i} for i in range(5000)]
    shown = fitting(rows)
    assert len(json.dumps(shown)) <= LARGEST_BYTES
    assert 900 < len(shown) < 1000
    assert shown[-1] == {"name": f"and {5000 - len(shown) + 1} more"}

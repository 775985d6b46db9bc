"""Single values, read the same wherever they come from."""

import numpy as np


def text_of(value: object) -> str:
    """A value as text, by itself: 1, 1.0 and "1" read the same.

    pandas turns a column of whole numbers into floats as soon as another row of it is empty, which must change neither
    the category of a row nor its side of a split.
    """
    if type(value) is str:
        return value
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)

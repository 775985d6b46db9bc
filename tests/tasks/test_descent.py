"""Which snapshot somebody means."""

import hashlib

import pandas as pd
import pytest

from adapters.prediction_log import ANSWERED, answered_by, store_part, table_of
from adapters.storage import write_frame
from core.errors import DataMissing, SpecError
from tasks.descent import digest_of
from tests.conftest import Project


def test_snapshot_is_found_by_the_start_of_its_digest_and_by_its_address(project: Project) -> None:
    ref = write_frame(pd.DataFrame({"a": [1]}))
    assert digest_of(ref.sha256[:8]) == digest_of(ref.sha256) == digest_of(ref.uri) == ref.sha256


def test_window_of_a_check_is_found_as_a_snapshot_is(project: Project) -> None:
    frame = pd.DataFrame({"a": [2]})
    window = write_frame(frame, "windows")
    assert digest_of(window.sha256[:8]) == window.sha256
    # The same rows may have been read by both.
    write_frame(frame)
    assert digest_of(window.sha256[:8]) == window.sha256


def test_snapshot_that_is_gone_is_known_by_its_whole_digest_only(project: Project) -> None:
    gone = hashlib.sha256(b"gone").hexdigest()
    assert digest_of(gone) == gone
    with pytest.raises(DataMissing, match="no single snapshot begins with"):
        digest_of(gone[:20])


@pytest.mark.parametrize("words", ["toy", "0000", "*", "ABCDEF0123"])
def test_what_is_no_digest_is_told(project: Project, words: str) -> None:
    with pytest.raises(SpecError, match="no snapshot is called"):
        digest_of(words)


def test_rows_of_a_version_are_counted_also_where_a_request_has_a_field_of_our_name(project: Project) -> None:
    asked = {"model_version": ["a", "b", "c"], "model_version_": [1, 2, 2], "served_as": ["champion"] * 3}
    store_part(ANSWERED, "toy", table_of(asked, {}), "part")
    assert [row["rows"] for row in answered_by("toy", 2)] == [2]
    assert answered_by("toy", 3) == []

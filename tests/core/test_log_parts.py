import pytest

from core.log_parts import part_name, standing

ONE, TWO = "a" * 12, "b" * 12


def uri(writer: str, first: int, last: int | None = None, day: str = "2026-01-01") -> str:
    return f"/log/toy/{day}/part-120000000000-{part_name(writer, first, last)}.parquet"


def test_files_that_a_merged_one_is_made_of_stand_no_more():
    small = [uri(ONE, number) for number in range(1, 6)]
    merged = uri(ONE, 2, 4)
    assert standing([*small, merged]) == [small[0], small[4], merged]


def test_merged_file_of_merged_files_covers_all_of_them():
    assert standing([uri(ONE, 1, 3), uri(ONE, 1, 9), uri(ONE, 4, 6), uri(ONE, 5), uri(ONE, 10)]) == [
        uri(ONE, 1, 9), uri(ONE, 10),
    ]  # fmt: skip


@pytest.mark.parametrize("other", [uri(TWO, 2), uri(ONE, 2, day="2026-01-02")], ids=["another process", "another day"])
def test_files_of_others_stand(other):
    assert standing([uri(ONE, 1, 3), other]) == [uri(ONE, 1, 3), other]


def test_files_of_batches_have_no_number_and_stand():
    batch = "/log/toy/2026-01-01/part-120000000000-0123456789ab.parquet"
    assert standing([batch, uri(ONE, 1, 3)]) == [batch, uri(ONE, 1, 3)]

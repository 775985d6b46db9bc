from core.timetable import Timetable


def ends(n_workers: int, items: list[tuple[str, int, float]]) -> str:
    timetable: Timetable[str] = Timetable(n_workers)
    for name, rank, effort in items:
        timetable.add(name, rank, effort)
    return "".join(timetable.pop() for _ in range(len(timetable)))


def test_one_worker_takes_them_in_their_order():
    assert ends(1, [("a", 0, 9), ("b", 0, 1), ("c", 0, 5)]) == "abc"


def test_short_ones_end_while_a_long_one_runs():
    assert ends(2, [("a", 0, 9), ("b", 0, 1), ("c", 0, 5), ("d", 0, 4)]) == "bcad"


def test_higher_rank_goes_first():
    assert ends(1, [("a", 0, 1), ("b", 0, 1), ("c", 1, 1)]) == "cab"


def test_equal_ends_are_in_the_order_of_adding():
    assert ends(3, [("a", 0, 1), ("b", 0, 1), ("c", 0, 1)]) == "abc"


def test_what_is_added_later_begins_later():
    timetable: Timetable[str] = Timetable(2)
    timetable.add("long", 0, 3)
    timetable.add("short", 0, 1)
    assert timetable.pop() == "short"
    timetable.add("next", 0, 1.5)
    assert [timetable.pop(), timetable.pop()] == ["next", "long"]


def test_nothing_is_left_after_clearing():
    timetable: Timetable[str] = Timetable(1)
    timetable.add("a", 0, 1)
    timetable.clear()
    assert len(timetable) == 0

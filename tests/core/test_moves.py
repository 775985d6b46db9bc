from datetime import UTC, datetime

from core.moves import Move, champion_at, previous_champion, reigns, rolled_back


def history(*told: str) -> list[Move]:
    """`release 2`, `rollback 1`, ... as moves, one a day."""
    made: list[Move] = []
    for number, words in enumerate(told, 1):
        kind, to = words.split()
        before = made[-1].to_version if made else None
        made.append(
            Move(number, "toy", kind, before, int(to), "", None, None, None, f"2026-01-{number:02d}T00:00:00+00:00")
        )
    return made


def test_rollback_goes_to_the_champion_before():
    assert previous_champion(history("release 1", "release 4")) == 1


def test_second_rollback_goes_further_back_and_not_forward():
    assert previous_champion(history("release 1", "release 2", "release 3", "rollback 2")) == 1


def test_first_champion_has_nothing_to_go_back_to():
    assert previous_champion(history("release 1")) is None
    assert previous_champion([]) is None


def test_release_after_a_rollback_can_be_rolled_back_to_where_it_came_from():
    assert reigns(history("release 1", "release 2", "rollback 1", "release 3")) == [1, 3]


def test_rollback_to_a_version_that_never_was_champion_is_part_of_the_history():
    assert reigns(history("release 2", "rollback 1")) == [2, 1]


def test_history_tells_who_was_champion_at_any_moment():
    moves = history("release 1", "release 2", "rollback 1")
    days = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    assert [champion_at(moves, day) for day in days] == [1, 2, 1]
    assert champion_at(moves, datetime(2025, 12, 31, tzinfo=UTC)) is None


def test_version_that_was_rolled_back_is_known_until_it_is_released_again():
    moves = history("release 1", "release 2", "rollback 1", "release 3")
    assert rolled_back(moves, 2) == moves[2]
    assert rolled_back(moves, 1) is None
    assert rolled_back([*moves, *history("release 2")], 2) is None

"""Every command line of README and tutorial is run by a test."""

import pytest

from adapters.settings import PROJECT
from tests.told_commands import README_RUN, RUN_ELSEWHERE, shell_lines, told_in

TUTORIAL = "docs/tutorial.md"
RUN = {"README.md": README_RUN, TUTORIAL: shell_lines(TUTORIAL)}


@pytest.mark.parametrize("page", RUN)
def test_every_command_of_the_page_is_run_as_written_or_has_a_test_of_its_own(page: str) -> None:
    told = told_in(page)
    assert len(told) > 10
    assert [line for line in told if line not in RUN[page] and line not in RUN_ELSEWHERE] == []
    assert [line for line in RUN[page] if line not in told] == []


@pytest.mark.parametrize("told", RUN_ELSEWHERE)
def test_test_that_stands_for_a_command_is_there(told: str) -> None:
    assert any(told in told_in(page) for page in RUN), "no page tells it any more"
    place, name = RUN_ELSEWHERE[told]
    assert f"def {name}" in (PROJECT / "tests" / place).read_text(encoding="utf-8")

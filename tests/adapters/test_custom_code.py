"""The user's own module: found by name, kept as it was at training, and never mistaken for another."""

from pathlib import Path

import pandas as pd
import pytest

from adapters.custom_code import find_code, load_step
from adapters.settings import settings
from core.errors import SpecError

STEP = "def step(frame):\n    return frame.assign(b=frame['a'] * 2)\n"
ROWS = pd.DataFrame({"a": [1.0, 2.0]})


@pytest.fixture
def module(store: Path) -> Path:
    path = settings().models / "mine.py"
    path.parent.mkdir(parents=True)
    path.write_text(STEP)
    return path


def test_function_is_found_beside_the_yaml(module):
    code = find_code("mine:step")
    assert load_step(code)(ROWS)["b"].tolist() == [2.0, 4.0]


def test_function_of_an_installed_package_is_found(module):
    assert load_step(find_code("textwrap:dedent"))("  a") == "a"


def test_comment_more_is_the_same_code_and_another_number_is_not(module):
    before = find_code("mine:step")
    module.write_text("# doubled\n\n" + STEP)
    assert find_code("mine:step") == before
    module.write_text(STEP.replace("2", "3"))
    assert find_code("mine:step").digest != before.digest


def test_older_model_keeps_the_code_that_it_was_trained_with(module):
    before = find_code("mine:step")
    module.write_text(STEP.replace("2", "3"))
    assert load_step(find_code("mine:step"))(ROWS)["b"].tolist() == [3.0, 6.0]
    assert load_step(before)(ROWS)["b"].tolist() == [2.0, 4.0]


def test_code_that_is_neither_there_nor_kept_is_refused(module):
    before = find_code("mine:step")
    module.write_text(STEP.replace("2", "3"))
    (settings().home / "code" / f"{before.digest}.py").unlink()
    with pytest.raises(SpecError, match="not the one that the model was trained with"):
        load_step(before)


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        ("mine:stap", r"no function 'stap'(.|\n)*mine:step"),
        ("mime:step", r"names no module(.|\n)*mine:step"),
        ("broken:step", "line 2: "),
        ("raises:step", r"line 1 `1 / 0`: ZeroDivisionError"),
        ("lacks:step", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_what_cannot_be_imported_is_told_with_the_nearest_name_or_the_line(module, reference, match):
    module.with_name("broken.py").write_text("x = 1\ndef step(frame:\n")
    module.with_name("raises.py").write_text("1 / 0\n")
    module.with_name("lacks.py").write_text("import nowhere_to_be_found\n")
    with pytest.raises(SpecError, match=match):
        find_code(reference)


def test_error_of_the_step_is_told_with_its_line(module):
    from core.preparation import Preparation, run_step

    module.write_text("def step(frame):\n    return frame.assign(b=frame['z'])\n")
    code = find_code("mine:step")
    with pytest.raises(SpecError, match=r"line 2 `return frame.assign\(b=frame\['z'\]\)`: KeyError: 'z'"):
        run_step(ROWS, Preparation(custom=code), load_step(code))

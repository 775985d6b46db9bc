"""The rules of the house that no linter holds: sizes, swallowed errors, addresses, and who is under contract."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "adapters", "tasks", "flows", "cli", "deployments", "serving")
# What is not hidden, so neither .venv nor .everfit, and the two hidden files that are ours.
CONFIGURATION = (
    "requirements.lock",
    "pyproject.toml",
    "Makefile",
    ".ci/run",
    ".pre-commit-config.yaml",
    "[!.]*.y*ml",
    "[!.]*/**/*.y*ml",
)

MAX_FILE_LINES = 250
MAX_BODY_LINES = 40
MAX_PARAMETERS = 5

# An index or a folder of wheels ties the project to one machine or mirror.
REGISTRY = re.compile(r"--(?:extra-)?index-url|--find-links|https?://\S*(?:pypi|pythonhosted|/simple\b)")
MACHINE_PATH = re.compile(r"(?:(?<![\w.$)}/-])|//)/(?:home|root|Users|work|tmp|mnt)/\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def functions() -> Iterator[tuple[str, Function]]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def body_lines(function: Function) -> int:
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[has_docstring:]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> list[str]:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in {"self", "cls"}]


def handlers_that_pass() -> Iterator[str]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and all(is_empty(each) for each in node.body):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def is_empty(statement: ast.stmt) -> bool:
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass) or is_constant


def configuration_files() -> list[Path]:
    return sorted({path for pattern in CONFIGURATION for path in ROOT.glob(pattern)})


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in configuration_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def lines_with(word: str) -> list[str]:
    found = [(path, number, line) for path in sources() for number, line in enumerate(path.open(encoding="utf-8"), 1)]
    return [f"{path.relative_to(ROOT)}:{number} {line.strip()}" for path, number, line in found if word in line]


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_file_is_longer_than_250_lines():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert [f"{path.relative_to(ROOT)}: {n}" for path, n in lengths.items() if n > MAX_FILE_LINES] == []


def test_no_function_body_is_longer_than_40_lines():
    assert [f"{where}: {body_lines(node)}" for where, node in functions() if body_lines(node) > MAX_BODY_LINES] == []


def test_no_function_takes_more_than_5_parameters():
    assert [f"{where}{parameters(node)}" for where, node in functions() if len(parameters(node)) > MAX_PARAMETERS] == []


def test_no_error_is_swallowed():
    assert list(handlers_that_pass()) == []


def test_no_file_names_a_package_registry():
    assert lines_matching(REGISTRY) == []


def test_no_file_names_a_path_of_one_machine():
    assert lines_matching(MACHINE_PATH) == []


def test_every_alarm_of_bandit_that_is_switched_off_is_one_and_has_a_reason():
    off = lines_with("# nosec")
    assert [line for line in off if not re.search(r"# nosec B\d{3} # noqa: S\d{3} - \w", line)] == []


def test_bandit_looks_at_every_package():
    (named,) = re.findall(r"(?m)^PACKAGES := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert tuple(named.split()) == PACKAGES


def test_every_locked_package_has_a_version_and_a_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", re.sub(r"(?m)^ *#.*\n", "", lock))
    assert [entry for entry in entries if not re.match(r"\S+==\S+ (; .+ )?\\\n    --hash=sha256:", entry)] == []


def test_every_dependency_is_in_the_lock():
    project = pyproject()["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.match(r"[\w-]+", each)[0].lower() for each in asked]
    locked = re.findall(r"(?m)^([\w-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert [name for name in names if name not in locked] == []


def test_every_extra_that_somebody_is_told_to_install_is_one():
    told = {extra for line in lines_with("everfit[") for extra in re.findall(r"pip install '?everfit\[(\w+)\]", line)}
    assert told
    assert told <= set(pyproject()["project"]["optional-dependencies"])


def test_every_package_is_type_checked_and_under_the_import_contracts():
    tools = pyproject()["tool"]
    contracts = tools["importlinter"]
    present = {name for name in PACKAGES if (ROOT / name / "__init__.py").exists()}
    without_prefect, *one_home_each = [each for each in contracts["contracts"] if each["type"] == "forbidden"]
    assert set(tools["mypy"]["files"]) == present
    assert set(contracts["root_packages"]) == present
    assert set(without_prefect["source_modules"]) == present & {"core", "adapters", "serving"}
    assert [each["name"] for each in one_home_each if not set(each["source_modules"]) >= present] == []

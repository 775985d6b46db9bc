"""What tests share: a home of their own, and a small project that trains in seconds."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings

from tests.fault_table import pytest_terminal_summary, survives  # noqa: F401

# The same examples in every run, and no deadline: what a test says must not depend on luck or on the machine's load.
hypothesis_settings.register_profile("everfit", deadline=None, derandomize=True)
hypothesis_settings.load_profile("everfit")

# Before anything imports Prefect: its home, and with it every cached result, is the tests' own.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="everfit-tests-")
os.environ.pop("PREFECT_API_URL", None)
for _name in [name for name in os.environ if name.startswith("EVERFIT_")]:
    del os.environ[_name]

TOY = """
name: toy
target: {column: bought, positive: true}
data: {source: lake://toy/*.parquet, key: [customer], time: day}
contract:
  columns:
    age: {type: float, min: 0, max: 120}
    plan: {type: category, values: [basic, plus, pro]}
    bought: {type: boolean}
  unique: [customer]
split: {by: time}
search: {families: [hist_gradient_boosting, logistic_regression], trials: 4}
monitor: {window: {rows: 2000}, min_new_rows: 100, cooldown: 1d}
release: {max_latency_ms: 1000}
"""


def toy_table(n_rows: int = 4000, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    """Customers of 90 days; who is older and on a better plan buys more; `shift` moves the age and turns the plan."""
    random = np.random.default_rng(seed)
    age = random.normal(40 + 20 * shift, 10, n_rows).clip(1, 110)
    plan = random.choice(["basic", "plus", "pro"], n_rows, p=[0.5, 0.3, 0.2])
    sign = 1 if shift == 0 else -1
    chance = 1 / (1 + np.exp(-sign * ((age - 40) / 6 + 2 * (plan == "pro") - 0.5)))
    start = pd.Timestamp("2026-01-01") + pd.Timedelta(days=90 * bool(shift))
    return pd.DataFrame(
        {
            "customer": [f"c{seed}-{i}" for i in range(n_rows)],
            "day": start + pd.to_timedelta(np.sort(random.uniform(0, 90, n_rows)), unit="D"),
            "age": age,
            "plan": plan,
            "visits": random.poisson(3, n_rows),
            "bought": random.uniform(size=n_rows) < chance,
        }
    )


class Project:
    """A home, a folder of YAML files and a lake, all in one folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.models = folder / "home", folder / "models"
        self.models.mkdir(parents=True)
        self.write_spec(TOY)

    def write_spec(self, text: str, name: str = "toy") -> None:
        (self.models / f"{name}.yaml").write_text(text)

    def land(self, frame: pd.DataFrame, part: str = "first", model: str = "toy") -> Path:
        path = self.home / "store" / "lake" / model / f"{part}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path, index=False)
        return path

    def environment(self) -> dict[str, str]:
        return {"EVERFIT_HOME": str(self.home), "EVERFIT_MODELS": str(self.models)}


@contextmanager
def in_use(project: Project) -> Iterator[Project]:
    """Make a project the one that this process works on; what commands put into the environment goes again."""
    from adapters.settings import settings

    before = dict(os.environ)
    os.environ.update(project.environment())
    settings.cache_clear()
    try:
        yield project
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project for one test."""
    with in_use(Project(tmp_path)) as used:
        yield used


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project for the tests of one file, which go on where the one before stopped."""
    with in_use(Project(tmp_path_factory.mktemp("project"))) as used:
        yield used

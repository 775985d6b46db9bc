"""The energy of a training is told where CodeCarbon is installed, with how it was come by, and never made up."""

import gc
import threading
from importlib.util import find_spec

import pytest

from adapters import energy
from adapters.energy import Meter

installed = pytest.mark.skipif(find_spec("codecarbon") is None, reason="codecarbon is not installed")


def test_without_codecarbon_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "find_spec", lambda name: None)
    assert Meter().read() is None


@installed
def test_meter_tells_more_than_nothing_and_how_it_knows() -> None:
    meter = Meter()
    told = meter.read()
    assert told is not None
    assert told["kwh"] == pytest.approx(told["cpu_kwh"] + told["ram_kwh"] + told["gpu_kwh"])
    assert told["kwh"] > 0
    assert "CPU" in told["by"] or told["measured"]
    assert meter.read() is None


@installed
def test_meter_that_nobody_reads_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    meter = Meter()
    del meter
    gc.collect()
    for left in (each for each in threading.enumerate() if each not in before):
        # A timer that is called off needs a moment to end, and one that measures just then ends with that.
        left.join(30)
    assert [each for each in threading.enumerate() if each not in before] == []


def test_tracker_that_breaks_costs_the_figure_and_not_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no such meter")

    monkeypatch.setattr(energy, "find_spec", lambda name: True)
    monkeypatch.setattr(energy, "_started_tracker", broken)
    assert Meter().read() is None

"""The energy of a training is told where CodeCarbon is installed, with how it was come by, and never made up."""

import gc
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
def test_meter_that_nobody_reads_measures_no_more() -> None:
    meter = Meter()
    tracker = meter._tracker.result()
    schedulers = [tracker._scheduler, tracker._scheduler_monitor_power]
    assert all(scheduler._timer.is_alive() for scheduler in schedulers)
    del meter
    gc.collect()
    assert not any(scheduler._timer.is_alive() for scheduler in schedulers)


@installed
def test_timer_that_fires_while_it_is_called_off_starts_no_next_one() -> None:
    meter = Meter()
    scheduler = meter._tracker.result()._scheduler_monitor_power
    fired = scheduler._timer
    stop = scheduler.stop

    def stop_too_late() -> None:
        scheduler.stop = stop
        stop()
        # What the timer's own thread does that was on its way.
        scheduler.start(from_run=True)

    scheduler.stop = stop_too_late
    assert meter.read() is not None
    assert scheduler._timer is not fired
    assert not scheduler._timer.is_alive()


def test_tracker_that_breaks_costs_the_figure_and_not_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no such meter")

    monkeypatch.setattr(energy, "find_spec", lambda name: True)
    monkeypatch.setattr(energy, "_started_tracker", broken)
    assert Meter().read() is None

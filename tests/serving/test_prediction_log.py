from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from starlette.testclient import TestClient

from adapters import prediction_log
from adapters.log_writer import FAN, LogWriter
from adapters.prediction_log import SHADOWED, log_files, read_log
from adapters.tables import read_table
from core.errors import StorageUnavailable
from core.traffic import CHALLENGER, CHAMPION, SHADOW
from tests.adapters.test_log_writer import grow_old, write
from tests.serving.conftest import ROW, Running, make_served, seat

KEYED = {**ROW, "customer": "c1", "day": "2026-02-01T10:00:00"}


def ask(client, rows, **headers):
    answer = client.post("/invocations", json={"instances": rows}, headers=headers)
    assert answer.status_code == 200
    return answer.json()


def test_every_answered_row_is_in_the_log_after_a_stop(running, store):
    with TestClient(running.app) as client:
        first = ask(client, [KEYED], **{"x-request-id": "r-1"})
        ask(client, [ROW, {**ROW, "plan": None}])
    log = read_log("toy")
    assert log["request_row"].tolist() == [0, 0, 1]
    row = log.iloc[0]
    assert (row["customer"], row["age"], row["plan"], row["visits"]) == ("c1", 41.5, "pro", 3)
    assert (row["prediction"], row["probability"]) == tuple(first["predictions"][0].values())
    assert (row["model_version"], row["served_as"], row["request_id"]) == (1, "champion", "r-1")
    assert row["day"] == pd.Timestamp("2026-02-01T10:00:00")
    assert abs(row["answered_at"] - pd.Timestamp.now(UTC).tz_localize(None)) < pd.Timedelta(minutes=5)


def test_row_without_a_time_is_as_old_as_its_answer(running):
    with TestClient(running.app) as client:
        ask(client, [ROW])
    log = read_log("toy")
    assert log["day"].tolist() == log["answered_at"].tolist()


def test_refused_request_is_not_logged(running):
    with TestClient(running.app) as client:
        client.post("/invocations", json={"instances": [{**ROW, "age": "x"}]})
    assert log_files("toy") == []
    assert read_log("toy").empty


def test_log_is_a_source_like_any_other(running):
    with TestClient(running.app) as client:
        ask(client, [KEYED, KEYED])
    table = read_table("log://toy", "day")
    assert table["customer"].tolist() == ["c1", "c1"]
    assert pd.api.types.is_datetime64_any_dtype(table["day"])


def test_log_since_a_moment_leaves_older_days_unread(running):
    with TestClient(running.app) as client:
        ask(client, [ROW])
    assert len(read_log("toy", datetime.now(UTC) - timedelta(hours=1))) == 1
    assert read_log("toy", datetime.now(UTC) + timedelta(hours=1)).empty


def test_what_was_asked_keeps_its_name_beside_ours(running, served):
    from core.log_rows import Logged, as_columns
    from core.request_rows import RequestRows

    rows = RequestRows({"prediction": ["mine"]}, 1)
    entry = Logged(datetime(2026, 1, 1), "r", "champion", rows, [{"prediction": True}])  # noqa: DTZ001
    columns, _ = as_columns([entry], 1, served.contract, None)
    assert (columns["prediction"], columns["prediction_"]) == (["mine"], [True])


def test_values_of_several_types_in_one_field_are_kept_as_text(running):
    with TestClient(running.app) as client:
        ask(client, [{**ROW, "customer": "c1"}, {**ROW, "customer": 2}, {**ROW, "customer": None}])
    assert read_log("toy")["customer"].fillna("none").tolist() == ["c1", "2", "none"]


def test_rows_beyond_the_bound_are_dropped_and_counted(served, store):
    running = Running(served, log_rows=3, log_every_s=3600)
    with TestClient(running.app) as client:
        for _ in range(5):
            ask(client, [ROW])
        assert 'everfit_log_rows_total{model="toy",outcome="dropped"} 2.0' in client.get("/metrics").text
    assert len(read_log("toy")) == 3


def test_endpoint_removes_what_a_killed_one_has_merged_and_left(running, store):
    dead = LogWriter()
    write(dead, FAN)
    dead.merge()
    grow_old(store)
    running.endpoint.log._merge()
    assert len(list(store.rglob("part-*.parquet"))) == len(log_files("toy")) == 1


def test_rows_wait_while_the_store_is_down_and_are_written_once(running, monkeypatch):
    written = prediction_log.write_bytes

    def down(*_):
        raise StorageUnavailable("cannot write", "it is down", "wait")

    with TestClient(running.app) as client:
        ask(client, [ROW, ROW])
        monkeypatch.setattr(prediction_log, "write_bytes", down)
        running.endpoint.log.flush()
        ask(client, [ROW])
        assert read_log("toy").empty
        monkeypatch.setattr(prediction_log, "write_bytes", written)
        running.endpoint.log.flush()
    assert len(read_log("toy")) == 3
    assert running.endpoint.log._waiting == 0


def test_shadow_predicts_the_same_rows_and_answers_none(served, store):
    running = Running(served)
    running.slot.seats[SHADOW] = seat(make_served(2, "logistic_regression"))
    with TestClient(running.app) as client:
        assert {ask(client, [ROW])["version"] for _ in range(3)} == {1}
    shadowed = read_log("toy", place=SHADOWED)
    assert shadowed["model_version"].tolist() == [2, 2, 2]
    assert shadowed["request_id"].tolist() == read_log("toy")["request_id"].tolist()
    assert set(read_log("toy")["model_version"]) == {1}


@pytest.fixture
def shared(served, store):
    running = Running(served)
    running.slot.seats[CHALLENGER] = seat(make_served(2, "logistic_regression"))
    running.slot.share = 0.3
    return running


def test_challenger_answers_its_share_and_is_named(shared):
    with TestClient(shared.app) as client:
        versions = [ask(client, [ROW])["version"] for _ in range(300)]
    assert 50 < versions.count(2) < 130
    assert sorted(read_log("toy")["model_version"]) == sorted(versions)
    assert set(read_log("toy").query("served_as == 'challenger'")["model_version"]) == {2}


def test_who_is_asked_about_twice_meets_the_same_version(shared):
    with TestClient(shared.app) as client:
        for i in range(40):
            row = {**ROW, "customer": f"c{i}"}
            assert len({ask(client, [row])["version"] for _ in range(3)}) == 1


def test_challenger_without_a_version_leaves_everything_to_the_champion(shared):
    shared.slot.seats[CHALLENGER].served = None
    with TestClient(shared.app) as client:
        assert {ask(client, [ROW])["version"] for _ in range(50)} == {1}
    assert shared.slot.chosen("x")[0] == CHAMPION

import json

import numpy as np
import pandas as pd
import pytest

from core.records import prediction_columns
from tests.serving.conftest import MANY, ROW, Running, make_served

OTHER = {"age": 20.0, "plan": None, "visits": 0}
FORMS = {
    "dataframe_records": {"dataframe_records": [ROW, OTHER]},
    "dataframe_split": {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values()), list(OTHER.values())]}},
    "split with an index": {
        "dataframe_split": {"columns": list(ROW), "index": [7, 8], "data": [list(ROW.values()), list(OTHER.values())]}
    },
    "inputs": {"inputs": {name: [ROW[name], OTHER[name]] for name in ROW}},
    "instances": {"instances": [ROW, OTHER]},
    "with params": {"dataframe_records": [ROW, OTHER], "params": {"x": 1}},
}


def expected(served, rows):
    frame = pd.DataFrame(rows)
    return prediction_columns(served.record.coding, served.record.predict(served.pipeline, frame), 0.5).to_dict(
        "records"
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_mlflows_protocol_is_answered_as_predict_would(client, served, form):
    answer = client.post("/invocations", json=FORMS[form])
    assert answer.status_code == 200
    assert answer.json()["predictions"] == expected(served, [ROW, OTHER])


def test_csv_is_answered_as_json_is(client):
    text = "age,plan,visits\n41.5,pro,3\n20,,0\n"
    answer = client.post("/invocations", content=text, headers={"content-type": "text/csv"})
    assert answer.json()["predictions"] == client.post("/invocations", json=FORMS["instances"]).json()["predictions"]


def test_answer_names_the_version_that_gave_it(client):
    answer = client.post("/invocations", json={"instances": [ROW]})
    assert (answer.json()["model"], answer.json()["version"]) == ("toy", 1)
    assert (answer.headers["x-everfit-model"], answer.headers["x-everfit-version"]) == ("toy", "1")


def test_request_id_of_the_client_comes_back_and_an_odd_one_does_not(client):
    for given, kept in (("order-17", True), ("x" * 200, False)):
        answer = client.post("/invocations", json={"instances": [ROW]}, headers={"x-request-id": given})
        assert (answer.json()["request_id"] == given) is kept


def test_model_answers_under_its_own_path(client):
    assert client.post("/models/toy/invocations", json={"instances": [ROW]}).json()["version"] == 1


def test_path_without_a_name_is_refused_where_several_models_are_served(running, client):
    running.endpoint.slots.slots["other"] = running.slot
    answer = client.post("/invocations", json={"instances": [ROW]})
    assert answer.status_code == 404
    assert "/models/other/invocations" in answer.json()["error"]["fix"]


def test_key_and_time_may_come_along(client):
    row = {**ROW, "customer": "c1", "day": "2026-02-01T10:00:00"}
    assert client.post("/invocations", json={"instances": [row]}).status_code == 200


def test_many_rows_are_answered_like_each_alone(client):
    rows = [{"age": age, "plan": plan, "visits": int(n)} for age, plan, n in MANY[["age", "plan", "visits"]].to_numpy()]
    together = client.post("/invocations", json={"instances": rows * 5}).json()["predictions"]
    alone = [client.post("/invocations", json={"instances": [row]}).json()["predictions"][0] for row in rows[:20]]
    assert together[:20] == alone
    assert len(together) == len(rows) * 5


def test_endpoint_without_a_champion_lives_but_is_not_ready(store):
    from starlette.testclient import TestClient

    with TestClient(Running(None).app) as client:
        assert client.get("/ping").status_code == 200
        assert client.get("/ready").status_code == 503
        answer = client.post("/invocations", json={"instances": [ROW]})
        assert (answer.status_code, answer.json()["error"]["fix"]) == (503, "release one: everfit release toy")


def test_state_is_told(client):
    assert client.get("/ready").json() == {"ready": True}
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/version").json()["models"] == {"toy": {"champion": 1}}


def test_metrics_count_requests_rows_and_refusals(client):
    client.post("/invocations", json={"instances": [ROW, OTHER]})
    client.post("/invocations", json={"instances": [{"age": 1}]})
    text = client.get("/metrics").text
    assert 'everfit_requests_total{model="toy",status="200",version="1"} 1.0' in text
    assert 'everfit_rows_total{model="toy",role="champion",version="1"} 2.0' in text
    assert 'everfit_requests_total{model="toy",status="422",version="1"} 1.0' in text


def test_docs_name_the_fields_of_the_model(client):
    document = client.get("/openapi.json").json()
    schema = document["paths"]["/invocations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    row = schema["oneOf"][0]["properties"]["dataframe_records"]["items"]
    assert row["required"] == ["age", "visits", "plan"]
    assert {"enum": ["basic", "plus", "pro"]} in row["properties"]["plan"]["anyOf"]
    assert json.dumps(document)


def test_pipeline_that_is_not_compiled_answers_the_same(served, store):
    from dataclasses import replace

    from starlette.testclient import TestClient

    slow = replace(served, path=None)
    with TestClient(Running(slow).app) as client:
        answer = client.post("/invocations", json={"instances": [ROW, OTHER]}).json()
    quick = served.score(_rows([ROW, OTHER]))
    assert [a["prediction"] for a in answer["predictions"]] == [a["prediction"] for a in quick]
    assert np.allclose([a["probability"] for a in answer["predictions"]], [a["probability"] for a in quick], atol=1e-9)


def _rows(rows):
    from core.request_rows import rows_of

    return rows_of({"instances": rows}, 10)


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "extra_trees", "neural_network"])
def test_every_family_answers_through_the_fast_path(family):
    assert make_served(family=family).path is not None

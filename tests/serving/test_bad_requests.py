"""What a request must not be: each is answered with a 4xx that says what, why and how to fix it."""

import json

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import ROW, Running

JSON, CSV = "application/json", "text/csv"
DEEP = b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def with_(**changed):
    return {"instances": [{**ROW, **changed}]}


def without(name):
    return {"instances": [{key: value for key, value in ROW.items() if key != name}]}


def split(columns, data):
    return {"dataframe_split": {"columns": columns, "data": data}}


# Content type, body (a document or bytes), status, and what the answer must name.
BAD = [
    (JSON, b"", 400, "JSON"),
    (JSON, b"{", 400, "JSON"),
    (JSON, b"hello", 400, "JSON"),
    (JSON, b"\xff\xfe", 400, "UTF-8"),
    (JSON, b"\x00" * 100, 400, "JSON"),
    (JSON, b'{"instances": [{"age": NaN, "plan": "pro", "visits": 1}]}', 400, "null"),
    (JSON, b'{"instances": [{"age": Infinity, "plan": "pro", "visits": 1}]}', 400, "null"),
    (JSON, b'{"instances": [{"age": 1e999, "plan": "pro", "visits": 1}]}', 400, "infinity"),
    (JSON, b'{"instances": [{"age": 1, "plan": "\\ud800", "visits": 1}]}', 400, "surrogate"),
    (JSON, b"{'instances': []}", 400, "JSON"),
    (JSON, DEEP, 400, "depth"),
    (JSON, None, 400, "null"),
    (JSON, [], 400, "a list"),
    (JSON, [ROW], 400, "a list"),
    (JSON, "text", 400, "a text"),
    (JSON, 17, 400, "a number"),
    (JSON, True, 400, "true or false"),
    (JSON, {}, 400, "nothing"),
    (JSON, {"data": [ROW]}, 400, "data"),
    (JSON, {"instances": [ROW], "inputs": {}}, 400, "exactly one"),
    (JSON, {"instances": [ROW], "parms": {}}, 400, "parms"),
    (JSON, {"instances": []}, 400, "no rows"),
    (JSON, {"instances": None}, 400, "null"),
    (JSON, {"instances": "rows"}, 400, "a text"),
    (JSON, {"instances": [1, 2]}, 400, "row 0"),
    (JSON, {"instances": [ROW, None]}, 400, "row 1"),
    (JSON, {"instances": [[1, "pro", 2]]}, 400, "a list"),
    (JSON, {"instances": [{}]}, 422, "age"),
    (JSON, {"dataframe_records": {"age": 1}}, 400, "an object"),
    (JSON, {"dataframe_split": [ROW]}, 400, "columns"),
    (JSON, {"dataframe_split": {"data": [[1]]}}, 400, "columns"),
    (JSON, {"dataframe_split": {"columns": list(ROW), "data": [[1, "pro", 2]], "rows": 1}}, 400, "columns"),
    (JSON, split(["age", "age", "plan"], [[1, 1, "pro"]]), 400, "age"),
    (JSON, split([1, 2, 3], [[1, "pro", 2]]), 400, "names"),
    (JSON, split(list(ROW), [[1, "pro"]]), 400, "2 values"),
    (JSON, split(list(ROW), [[1, "pro", 2], 7]), 400, "row 1"),
    (JSON, split(list(ROW), {"0": [1, "pro", 2]}), 400, "list of rows"),
    (JSON, {"inputs": {"age": [1, 2], "plan": ["pro"], "visits": [1]}}, 400, "lengths"),
    (JSON, {"inputs": {}}, 400, "no rows"),
    (JSON, without("age"), 422, "age"),
    (JSON, without("plan"), 422, "plan"),
    (JSON, with_(agee=1), 422, "did you mean 'age'"),
    (JSON, {"instances": [ROW | {"\u0430ge": 1}]}, 422, "\u0430ge"),
    (JSON, with_(**{"x" * 5000: 1}), 422, "x" * 80),
    (JSON, {"instances": [ROW, {"age": 1, "plan": "pro"}]}, 422, "row 1"),
    (JSON, with_(age="41"), 422, "age"),
    (JSON, with_(age=True), 422, "age"),
    (JSON, with_(age=[41]), 422, "age"),
    (JSON, with_(age={"value": {"value": [41]}}), 422, "age"),
    (JSON, with_(age=-1), 422, "from 0 to 120"),
    (JSON, with_(age=1e300), 422, "from 0 to 120"),
    (JSON, with_(visits="three"), 422, "visits"),
    (JSON, with_(plan="Pro"), 422, "'basic', 'plus', 'pro'"),
    (JSON, with_(plan="\u202epro\U0001f600"), 422, "plan"),
    (JSON, with_(plan=1), 422, "plan"),
    (JSON, with_(plan=["pro"]), 422, "plan"),
    (JSON, with_(plan={}), 422, "plan"),
    (JSON, with_(plan="x" * 100_000), 422, "plan"),
    (JSON, with_(customer=["c1"]), 422, "customer"),
    (JSON, with_(day="yesterday"), 422, "day"),
    (JSON, with_(day=17), 422, "day"),
    (JSON, with_(bought="yes"), 422, "bought"),
    (JSON, split(["age", "plan", "visits"], [[1, "pro", 1]] * 2001), 413, "2001 rows"),
    (JSON, b'{"instances": [' + b" " * 2_000_000 + b"]}", 413, "at most 1 MB"),
    (JSON, b"[" + b"0," * 1_000_000 + b"0]", 413, "at most 1 MB"),
    (CSV, b"", 400, "empty"),
    (CSV, b"age,plan,visits\n", 400, "no rows"),
    (CSV, b"age,plan,visits\n1,pro\n", 400, "row 0 has 2 fields"),
    (CSV, b'age,plan,visits\n1,"pro,1\n', 400, "CSV is broken"),
    (CSV, b"age,plan,visits\nmany,pro,1\n", 422, "age"),
    (CSV, b"age,plan,visits\nnan,pro,1\n", 422, "age"),
    (CSV, b"age,plan,visits\n1,pro,\xff\n", 400, "UTF-8"),
    ("text/plain", b"hello", 415, "text/plain"),
    ("application/xml", b"<a/>", 415, "application/xml"),
    ("application/json; charset=latin-1", b"{}", 415, "UTF-8"),
    ("application/json; boundary=x", b"{}", 415, "charset"),
    ("", b"{}", 415, "missing"),
    ("\xe9\xe8", b"{}", 415, "content type"),
]  # fmt: skip


@pytest.fixture(scope="module")
def asked(served, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERFIT_HOME", str(tmp_path_factory.mktemp("home")))
        with TestClient(Running(served, max_rows=2000, max_body_mb=1, log=False).app) as client:
            yield client


@pytest.mark.parametrize(("kind", "body", "status", "named"), BAD, ids=range(len(BAD)))
def test_bad_request_is_refused_with_what_why_and_fix(asked, kind, body, status, named):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = asked.post("/invocations", content=content, headers={b"content-type": kind.encode("latin-1")})
    told = answer.json()["error"]
    assert answer.status_code == status
    assert named in answer.text.replace("\\u0430", "\u0430")
    assert {"kind", "what", "why", "fix"} <= told.keys()
    assert all(told[name] for name in ("kind", "what", "why", "fix"))
    # A good request is answered right after it.
    assert asked.post("/invocations", json={"instances": [ROW]}).status_code == 200


def test_refusal_names_the_field_and_the_row_for_machines_too(asked):
    told = asked.post("/invocations", json={"instances": [ROW, {**ROW, "age": 200}]}).json()["error"]
    assert (told["field"], told["row"]) == ("age", 1)


def test_there_are_sixty_bad_requests():
    assert len(BAD) >= 60


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/invocations", 405), ("DELETE", "/health", 405), ("GET", "/nothing", 404), ("POST", "/models/x/y", 404),
    ("POST", "/models/../../etc/passwd/invocations", 404), ("POST", "/models/none/invocations", 404),
    ("GET", "/%00", 404), ("POST", "/models/%F0%9F%98%80/invocations", 404),
])  # fmt: skip
def test_paths_that_are_not_there_are_told(asked, method, path, status):
    answer = asked.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["fix"]


def test_compressed_body_is_refused_and_never_unpacked(asked):
    answer = asked.post("/invocations", content=b"x", headers={"content-type": JSON, "content-encoding": "gzip"})
    assert (answer.status_code, "uncompressed" in answer.text) == (415, True)


def test_null_where_the_contract_wants_a_value_is_refused(served, store):
    from core.contract_spec import ColumnSpec
    from core.refusals import Refusal
    from core.request_columns import Field

    with pytest.raises(Refusal, match="row 1: the field 'age' cannot be null"):
        Field("age", "number", ColumnSpec(type="float", nullable=False)).read([1.0, None])


def test_fault_of_ours_is_told_without_its_details_and_the_next_request_is_answered(served, store, monkeypatch):
    running = Running(served, log=False)
    with TestClient(running.app) as client, monkeypatch.context() as patch:
        patch.setattr(running.endpoint.scoring, "_scored", lambda *_: 1 / 0)
        answer = client.post("/invocations", json={"instances": [ROW]})
        assert (answer.status_code, answer.json()["error"]["why"]) == (500, "ZeroDivisionError")
        patch.undo()
        assert client.post("/invocations", json={"instances": [ROW]}).status_code == 200


def test_requests_that_are_too_much_together_are_told_to_come_back(served, store):
    running = Running(served, in_flight_mb=1, max_body_mb=1)
    running.endpoint.scoring.bodies.together = 2**20
    with TestClient(running.app) as client:
        answer = client.post("/invocations", json={"instances": [ROW]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_wrong_or_missing_token_is_refused_and_health_is_open(served, store):
    with TestClient(Running(served, token="right").app) as client:
        asked = [
            client.post("/invocations", json={"instances": [ROW]}, headers=headers).status_code
            for headers in (
                {}, {"authorization": "Bearer wrong"}, {"authorization": "Basic right"},
                {"authorization": b"Bearer \xff"}, {"authorization": "Bearer right"},
            )
        ]  # fmt: skip
        assert asked == [401, 401, 401, 401, 200]
        assert client.get("/metrics").status_code == 401
        assert client.get("/ready").status_code == 200

"""`mesh alerts` as a person and a script see it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from alert_samples import check, failed, passed, units
from command import Command
from reader_sessions import read_as

from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.alerts.event_facts import INPUT, AlertSeverity, Cause
from bankmesh.alerts.incident_decisions import after


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "mesh").mkdir()
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    for name in ("BANKMESH_ALERTS", "BANKMESH_ALERTS_DB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "mesh"


@pytest.fixture
def mesh(home, capsys, monkeypatch) -> Command:
    return Command(capsys, monkeypatch)


@pytest.fixture
def told(home):
    """Two open incidents, one that is over; the first notice could not be delivered."""
    facts = [
        check(1, failing_rows=4, rows=9, units=units("2026-01", "2026-02")),
        failed(2, "retail/loan"),
        check(3, severity=AlertSeverity.WARNING, check="old", asset="retail/account"),
    ]
    standing, notices = after("retail", {}, [*facts, passed(4, check="old", asset="retail/account")])
    with AlertOutbox(f"sqlite:///{home / 'alerts.db'}") as outbox:
        outbox.record("retail", None, 4, standing, notices, datetime.now(UTC))
        outbox.route([(notices[0], ["hook"])], datetime.now(UTC))
        for notice in notices[1:]:
            outbox.route([(notice, [])], datetime.now(UTC))
        (delivery,) = outbox.due("retail", datetime.now(UTC))
        outbox.note_failure(delivery, "hook: error=500.", give_up=True)
    return notices


def test_open_incidents(mesh, home, told) -> None:
    read_as(home, "data_owner", domain="retail")
    said = mesh("alerts")
    assert said.code == 0
    assert re.search(r"error\s+retail\.party\s+check has_rows failed", said.out)
    assert re.search(r"error\s+retail\.loan\s+run failed", said.out)
    assert "- check has_rows failed: 4 of 9 rows (2026-01, 2026-02)" in said.out
    assert "check old" not in said.out
    assert "undeliverable" in said.out
    assert "error=500" in said.out


def test_numbers_of_rows_are_for_those_of_the_domain(mesh, home, told) -> None:
    for domain in (None, "market"):
        if domain:
            read_as(home, "data_owner", domain=domain)
        said = mesh("alerts")
        assert "check has_rows failed" in said.out
        assert "4 of 9 rows" not in said.out
        (problem,) = json.loads(mesh("alerts", "--json").out)["incidents"][0]["problems"]
        assert (problem["check"], problem["failing_rows"], problem["rows"]) == ("has_rows", None, None)


def test_open_incidents_as_json(mesh, home, told) -> None:
    read_as(home, "data_owner", domain="retail")
    found = json.loads(mesh("alerts", "--json").out)
    first, second = found["incidents"]
    assert first["id"] == told[0].incident.id
    assert (first["about"], first["assets"], first["severity"]) == ("asset:retail/party", ["retail/party"], "error")
    (problem,) = first["problems"]
    assert (problem["check"], problem["failing_rows"], problem["outcome"]) == ("has_rows", 4, "failed")
    assert problem["partitions"] == ["2026-01", "2026-02"]
    assert [(p["kind"], p["asset"]) for p in second["problems"]] == [("run", "retail/loan")]
    (waiting,) = found["undelivered"]
    assert (waiting["alert"], waiting["state"]) == (told[0].id, "undeliverable")


def test_an_incident_shows_its_list(mesh, home) -> None:
    cause = Cause(INPUT, "retail/party", "retail.party")
    facts = [failed(n, f"retail/a{n}", cause=cause, errors=("NotPublished",)) for n in range(3)]
    facts += [
        check(4, asset="retail/loan"),
        check(5, "errored", asset="retail/loan", check="range", error="IOException"),
    ]
    standing, notices = after("retail", {}, [*facts, failed(6, "job:expiry", will_retry=True)])
    with AlertOutbox(f"sqlite:///{home / 'alerts.db'}") as outbox:
        outbox.record("retail", None, 6, standing, notices, datetime.now(UTC))
    lines = [line.strip() for line in mesh("alerts").out.splitlines()]
    assert "- retail.a1: run failed (NotPublished)" in lines
    assert "- check range could not be evaluated (IOException)" in lines
    assert "- check has_rows failed" in lines
    assert any(re.search(r"job expiry\s+waits for a retry", line) for line in lines)
    found = {each["about"]: each for each in json.loads(mesh("alerts", "--json").out)["incidents"]}
    shared = found["input:retail/party|retail"]
    assert shared["cause"] == {"kind": "input", "what": "retail.party"}
    assert [problem["asset"] for problem in shared["problems"]] == ["retail/a0", "retail/a1", "retail/a2"]
    (held,) = found["job:expiry"]["problems"]
    assert (held["job"], held["held"], found["job:expiry"]["held"]) == ("expiry", True, True)


def test_nothing_is_wrong_and_nothing_is_made(mesh, home) -> None:
    assert json.loads(mesh("alerts", "--json").out) == {"incidents": [], "undelivered": []}
    assert json.loads(mesh("alerts", "history", "--json").out) == []
    assert list(home.iterdir()) == []


def test_history_newest_first(mesh, told) -> None:
    events = [each["event"] for each in json.loads(mesh("alerts", "history", "--json").out)]
    assert events == ["recovered", "opened", "opened", "opened"]
    said = mesh("alerts", "history", "--incident", told[0].incident.id)
    assert "hook (undeliverable)" in said.out
    assert len(said.out.splitlines()) == 2
    assert "none: no route" in mesh("alerts", "history").out


def test_retry_makes_everything_due(mesh, told, home) -> None:
    assert mesh("alerts", "retry").out.strip() == "1 deliveries are due at the next tick."
    with AlertOutbox(f"sqlite:///{home / 'alerts.db'}") as outbox:
        assert len(outbox.due("retail", datetime.now(UTC))) == 1


def test_closing_by_hand(mesh, told) -> None:
    incident = told[1].incident.id
    assert mesh("alerts", "close", incident).out.strip() == f"{incident} is closed."
    assert [each["id"] for each in json.loads(mesh("alerts", "--json").out)["incidents"]] == [told[0].incident.id]
    again = mesh("alerts", "close", incident)
    assert again.code == 2
    assert "There is no open incident" in again.err


def test_a_route_is_tried(mesh, home, http_receiver) -> None:
    (home / "alerts.yaml").write_text(f"channels: {{hook: {http_receiver.url}}}\n")
    said = mesh("alerts", "test", "hook")
    assert (said.code, said.err) == (0, "")
    (post,) = http_receiver.taken
    assert post.body["title"] == "[INFO] Test of the route hook"
    assert post.body["alert_id"] in said.out


def test_a_route_that_does_not_work_says_why(mesh, home, http_receiver, monkeypatch) -> None:
    (home / "alerts.yaml").write_text(f"channels: {{hook: '{http_receiver.url}', chat: 'slack://${{TOKEN}}'}}\n")
    http_receiver.status = 404
    failed_route = mesh("alerts", "test", "hook")
    assert failed_route.code == 1
    assert "404" in failed_route.err
    monkeypatch.delenv("TOKEN", raising=False)
    assert "TOKEN is not set" in mesh("alerts", "test", "chat").err
    unknown = mesh("alerts", "test", "hok")
    assert unknown.code == 2
    assert "Did you mean hook?" in unknown.err


def test_routes_show_who_cannot_be_reached(home, shop_root, capsys, monkeypatch) -> None:
    monkeypatch.setenv("BANKMESH_ROOT", str(shop_root))
    shop = Command(capsys, monkeypatch)
    found = json.loads(shop("alerts", "routes", "--json").out)
    assert {channel["route"] for channel in found["channels"]} == {None}
    (home / "alerts.yaml").write_text("channels: {shop-help: json://127.0.0.1/x}\n")
    found = json.loads(shop("alerts", "routes", "--json").out)
    assert {channel["route"] for channel in found["channels"]} == {"shop-help"}
    assert "shop-help" in shop("alerts", "routes").out


def test_faults_of_the_routing_file_are_told_with_their_line(mesh, home) -> None:
    (home / "alerts.yaml").write_text("channels:\n  chat: slack://a/b/c\n")
    said = mesh("alerts", "routes")
    assert said.code == 1
    assert "alerts.yaml:2" in said.err
    assert "open-secret" in said.err

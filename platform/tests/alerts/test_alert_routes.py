"""Who is told: the contract's support channels, the routing file and the severity."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from alert_samples import PARTY, check, failed, fresh, passed

from bankmesh.alerts.delivery.alert_routes import receiver_of, routes_of
from bankmesh.alerts.delivery.routing_file import RoutingFaults, SecretMissing, fill_in, read_routing
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.alerts.incident_decisions import after
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import UnknownName
from bankmesh.testing import write_contract

SUPPORT = """\
- {channel: "#retail-data", tool: slack, scope: interactive, url: "https://bank.example/channels/retail-data"}
- {channel: retail-data@bank.example, tool: email, scope: issues, url: "mailto:retail-data@bank.example"}
- {channel: retail-on-call, tool: other, scope: issues}
- {channel: retail-news, tool: slack, scope: announcements}
"""
ROUTING = """\
channels:
  "#retail-data": ${SLACK}
  retail-on-call: {to: "pagerduty://${PAGER}"}
  retail-news: json://news.bank.example
  operations: jsons://hooks.bank.example/operations
email: "mailto://mail.bank.example?from=alerts@bank.example"
"""
CHAT, MAIL, PAGER = "#retail-data", "mailto:retail-data@bank.example", "retail-on-call"


@pytest.fixture
def routed(tmp_path: Path):
    """Routes of the last notice about these facts."""
    key = {"logicalType": "integer", "primaryKey": True}
    contract = read_contract(
        write_contract(tmp_path, "retail.party", {"party_id": key}, support=yaml.safe_load(SUPPORT))
    )

    def route(*facts, routing: str = ROUTING, told: tuple[str, ...] = (), domain: str = "retail") -> list[str]:
        (tmp_path / "alerts.yaml").write_text(dedent(routing))
        read = read_routing(tmp_path / "alerts.yaml")
        notice = after(domain, {}, facts, read.severities)[1][-1]
        return list(routes_of(notice, domain, {PARTY: contract}, read, told))

    return route


def test_an_error_goes_everywhere_a_warning_pages_nobody(routed) -> None:
    assert routed(check(1)) == [CHAT, MAIL, PAGER]
    assert routed(check(1, severity=AlertSeverity.WARNING)) == [CHAT, MAIL]


def test_info_goes_to_chat_alone(routed) -> None:
    assert routed(fresh(1, "late"), routing=ROUTING + "severities: {freshness.error: info}\n") == [CHAT]


def test_a_channel_may_have_severities_of_its_own(routed) -> None:
    only_errors = 'channels: {"#retail-data": {to: "${SLACK}", severities: [error]}}\n'
    assert routed(check(1), routing=only_errors) == [CHAT]
    assert routed(check(1, severity=AlertSeverity.WARNING), routing=only_errors) == []


def test_announcement_channels_are_no_alert_channels(routed) -> None:
    assert "retail-news" not in routed(check(1))


def test_a_channel_may_be_named_by_its_url(routed) -> None:
    url = "https://bank.example/channels/retail-data"
    assert routed(check(1), routing=f'channels: {{"{url}": "${{SLACK}}"}}\n') == [url]


def test_who_was_told_of_an_incident_is_told_of_its_end(routed) -> None:
    assert routed(check(1), passed(2), told=(CHAT, "operations")) == [CHAT, "operations"]
    assert routed(check(1), passed(2)) == []


def test_an_escalation_also_goes_to_who_was_told_before(routed) -> None:
    warned = check(1, severity=AlertSeverity.WARNING)
    assert routed(warned, check(2), told=("operations",)) == [CHAT, MAIL, "operations", PAGER]


def test_a_landing_is_the_whole_domains(routed) -> None:
    landing = failed(1, "retail/landing/crm_client")
    assert routed(landing) == [CHAT, MAIL, PAGER]
    assert routed(landing, routing=ROUTING + "domains: {retail: [operations]}\n") == ["operations"]
    job = failed(1, "job:expiry")
    assert routed(job, routing=ROUTING + "domains: {retail: [operations]}\n") == ["operations"]


def test_what_has_no_channel_falls_back(routed) -> None:
    operations = "channels: {operations: json://hooks.bank.example}\n"
    assert routed(check(1), routing=operations) == []
    assert routed(check(1), routing=operations + "fallback: [operations]\n") == ["operations"]
    assert routed(check(1), routing=operations + "domains: {retail: [operations]}\n") == ["operations"]


def test_without_a_file_nothing_is_routed(tmp_path) -> None:
    routing = read_routing(tmp_path / "absent.yaml")
    (notice,) = after("retail", {}, [check(1)])[1]
    assert routes_of(notice, "retail", {}, routing) == ()
    (tmp_path / "empty.yaml").write_text("\n")
    assert read_routing(tmp_path / "empty.yaml") == routing


def test_mail_goes_to_the_channels_own_address(tmp_path) -> None:
    (tmp_path / "alerts.yaml").write_text(ROUTING)
    receiver = receiver_of(MAIL, read_routing(tmp_path / "alerts.yaml"))
    assert receiver.to == "mailto://mail.bank.example?from=alerts@bank.example&to=retail-data@bank.example"
    (tmp_path / "alerts.yaml").write_text('email: "mailto://mail.bank.example/{address}"\n')
    assert receiver_of(MAIL, read_routing(tmp_path / "alerts.yaml")).to.endswith("/retail-data@bank.example")


def test_a_route_that_is_no_longer_there(tmp_path) -> None:
    (tmp_path / "alerts.yaml").write_text(ROUTING)
    with pytest.raises(UnknownName, match=r"There is no route retail-on-cal\. Did you mean retail-on-call"):
        receiver_of("retail-on-cal", read_routing(tmp_path / "alerts.yaml"))


def test_all_faults_are_told_at_once_with_their_lines(tmp_path) -> None:
    (tmp_path / "alerts.yaml").write_text(
        dedent("""\
        channels:
          one: slack://TokenA/TokenB/TokenC
          two: mailtos://me:secret@mail.bank.example
          three: {severities: [error]}
          four: {to: "${FOUR}", severities: [eror]}
          five: just words
          six: [json://bank.example]
        domains: {retail: [seven]}
        severities: {check.error: huge, chek: error}
        chanels: {}
        """)
    )
    with pytest.raises(RoutingFaults) as caught:
        read_routing(tmp_path / "alerts.yaml")
    found = {(fault.line, fault.rule) for fault in caught.value.faults}
    assert found == {
        (2, "open-secret"),
        (3, "open-secret"),
        (4, "missing-to"),
        (5, "unknown-severity"),
        (6, "not-a-url"),
        (7, "wrong-type"),
        (7, "missing-to"),
        (8, "unknown-channel"),
        (9, "unknown-severity"),
        (9, "unknown-key"),
        (10, "unknown-key"),
    }
    assert "secret@" not in str(caught.value)
    assert "TokenA" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mailto://127.0.0.1:2525?from=alerts@bank.example",
        "mailtos://me:${WORD}@mail.bank.example?from=alerts@bank.example",
        "json://hooks.bank.example:8080/path",
        "pagerduty://${KEY}@${API}",
        "${SLACK}",
    ],
)
def test_urls_without_an_open_secret_are_taken(tmp_path, url) -> None:
    (tmp_path / "alerts.yaml").write_text(f'channels: {{one: "{url}"}}\n')
    assert read_routing(tmp_path / "alerts.yaml").channels["one"].to == url


def test_secrets_come_from_the_environment_when_a_message_is_sent() -> None:
    url = "pagerduty://${PAGER}@${KEY}"
    assert fill_in(url, {"PAGER": "a", "KEY": "b"}) == "pagerduty://a@b"
    with pytest.raises(SecretMissing, match="environment variable KEY is not set"):
        fill_in(url, {"PAGER": "a", "KEY": ""})

"""Delivery to receivers that are really there, with everything that can be wrong with one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from alert_samples import check, fresh, passed

from bankmesh.alerts.delivery.alert_messages import Message, message
from bankmesh.alerts.delivery.alert_outbox import PENDING, UNDELIVERABLE
from bankmesh.alerts.delivery.apprise_sender import NotSent, send, with_id, without_secrets
from bankmesh.alerts.delivery.route_delivery import DeliveryPolicy, deliver, next_attempt
from bankmesh.alerts.delivery.routing_file import Receiver, Routing
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.alerts.incident_decisions import after

SOON = DeliveryPolicy(first=timedelta(0))
SAMPLE = Message("3f2a9c1b7d40-1", "3f2a9c1b7d40", "opened", AlertSeverity.ERROR, "[ERROR] a", "line one\nline two")


@pytest.fixture
def tell(outbox):
    """Record what these facts tell, for the given routes."""
    position = None

    def record(*facts, routes=("hook",)):
        nonlocal position
        standing, notices = after("retail", outbox.incidents_of("retail"), facts)
        outbox.record("retail", position, facts[-1].id, standing, notices, datetime.now(UTC))
        position = facts[-1].id
        for notice in notices:
            outbox.route([(notice, routes)], datetime.now(UTC))
        return notices

    return record


def routing(**urls: str) -> Routing:
    return Routing(channels={name: Receiver(url) for name, url in urls.items()})


def states(outbox) -> dict[str, str]:
    return {d.route: d.state for told in outbox.history(9) for d in told.deliveries}


def test_a_webhook_gets_ids_as_fields_and_header(outbox, tell, http_receiver) -> None:
    (notice,) = tell(check(1))
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message).confirmed == 1
    (post,) = http_receiver.taken
    assert post.headers["X-Bankmesh-Alert"] == post.body["alert_id"] == notice.id
    assert post.body["incident_id"] == notice.incident.id
    assert (post.body["event"], post.body["severity"], post.body["type"]) == ("opened", "error", "failure")
    assert post.body["title"] == "[ERROR] retail.party: check has_rows failed"
    assert notice.id in post.body["message"]


def test_what_was_confirmed_is_not_sent_again(outbox, tell, http_receiver) -> None:
    tell(check(1))
    for _ in range(3):
        deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON)
    assert len(http_receiver.posts) == 1


def test_mail_has_the_id_in_text_and_header(outbox, tell, mail_receiver) -> None:
    (notice,) = tell(check(1, failing_rows=3), routes=["mailto:owner@bank.example"])
    mail = Routing(email=Receiver(mail_receiver.url))
    assert deliver(outbox, "retail", mail, message).failures == []
    ((recipients, headers, text),) = mail_receiver.mails
    assert recipients == ["owner@bank.example"]
    assert headers["Subject"] == "[ERROR] retail.party: check has_rows failed"
    assert headers["X-Bankmesh-Alert"] == notice.id
    assert notice.id in text
    assert "does not hold: 3 rows" in text


def test_a_receiver_that_fails_gets_the_same_alert_again_with_the_same_id(outbox, tell, http_receiver) -> None:
    (notice,) = tell(check(1))
    http_receiver.status = 500
    sent = deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON)
    assert sent.confirmed == 0
    assert "500" in sent.failures[0]
    http_receiver.status = 200
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON).confirmed == 1
    assert [post.body["alert_id"] for post in http_receiver.posts] == [notice.id, notice.id]


def test_a_dead_receiver_that_comes_back_gets_everything_in_order(outbox, tell, http_receiver) -> None:
    notices = tell(check(1), passed(2), check(3))
    http_receiver.close()
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON).confirmed == 0
    http_receiver.reopen()
    while outbox.due("retail", datetime.now(UTC)):
        deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON)
    assert http_receiver.ids == [notice.id for notice in notices]


def test_a_failed_sending_waits_before_it_is_tried_again(outbox, tell, http_receiver) -> None:
    tell(check(1))
    http_receiver.status = 503
    for _ in range(3):
        deliver(outbox, "retail", routing(hook=http_receiver.url), message)
    assert len(http_receiver.posts) == 1
    ((_, waiting),) = outbox.undelivered()
    assert (waiting.attempts, waiting.state) == (1, PENDING)
    assert waiting.next_attempt_at > datetime.now(UTC) + timedelta(seconds=20)
    assert "503" in waiting.error


def test_waiting_grows_to_its_limit_and_is_spread() -> None:
    now, pace = datetime(2026, 1, 1, tzinfo=UTC), DeliveryPolicy()
    waits = [(next_attempt(attempts, now, pace, 0.0) - now).total_seconds() for attempts in range(9)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert next_attempt(0, now, pace, 1.0) - now == timedelta(seconds=37.5)
    assert next_attempt(10_000, now, pace, 0.0) - now == timedelta(hours=1)


def test_a_slow_receiver_holds_up_neither_the_tick_nor_the_others(outbox, tell, http_receiver) -> None:
    from alert_receivers import HttpReceiver

    with HttpReceiver() as slow:
        slow.delay = 2.0
        tell(check(1), routes=["slow", "hook"])
        started = time.monotonic()
        brief = DeliveryPolicy(patience=timedelta(seconds=0.5))
        sent = deliver(outbox, "retail", routing(slow=slow.url, hook=http_receiver.url), message, brief)
        assert time.monotonic() - started < 1.5
        assert (sent.confirmed, sent.still_sending) == (1, 1)
        slow.wait_for(1)
        until = time.monotonic() + 5
        while states(outbox)["slow"] == PENDING and time.monotonic() < until:
            time.sleep(0.05)
        # It answered in the end, so it is confirmed, and not sent again.
        assert states(outbox) == {"slow": "confirmed", "hook": "confirmed"}


def test_a_recovery_is_not_sent_before_its_incident(outbox, tell, http_receiver) -> None:
    tell(check(1), passed(2))
    http_receiver.status = 500
    deliver(outbox, "retail", routing(hook=http_receiver.url), message)
    http_receiver.status = 200
    deliver(outbox, "retail", routing(hook=http_receiver.url), message)
    # The opening waits for its second attempt, so the recovery waits too.
    assert http_receiver.taken == []


def test_after_days_it_is_given_up_and_shown_and_can_be_revived(outbox, tell, http_receiver) -> None:
    tell(check(1))
    http_receiver.status = 410
    impatient = DeliveryPolicy(first=timedelta(0), give_up_after=timedelta(0))
    deliver(outbox, "retail", routing(hook=http_receiver.url), message, impatient)
    assert states(outbox) == {"hook": UNDELIVERABLE}
    assert outbox.due("retail", datetime.now(UTC)) == []
    http_receiver.status = 200
    assert outbox.try_again("retail", datetime.now(UTC)) == 1
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message).confirmed == 1


def test_a_route_without_its_secret_waits_for_it(outbox, tell, http_receiver, monkeypatch) -> None:
    tell(check(1))
    steered = routing(hook="json://127.0.0.1:${HOOK_PORT}/hook")
    monkeypatch.delenv("HOOK_PORT", raising=False)
    (failure,) = deliver(outbox, "retail", steered, message, SOON).failures
    assert "HOOK_PORT is not set" in failure
    monkeypatch.setenv("HOOK_PORT", str(http_receiver.port))
    assert deliver(outbox, "retail", steered, message, SOON).confirmed == 1


def test_a_route_that_was_taken_away_waits_for_its_return(outbox, tell, http_receiver) -> None:
    tell(check(1))
    (failure,) = deliver(outbox, "retail", Routing(), message, SOON).failures
    assert "There is no route hook" in failure
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message, SOON).confirmed == 1


def test_a_plain_http_address_is_a_json_webhook(http_receiver) -> None:
    send("hook", http_receiver.url.replace("json", "http"), SAMPLE, {})
    assert http_receiver.ids == [SAMPLE.alert_id]


def test_secrets_never_get_into_errors(http_receiver) -> None:
    environment = {"TARGET": f"json://user:hunter22222@127.0.0.1:{http_receiver.port}/tok-en-123"}
    http_receiver.status = 500
    with pytest.raises(NotSent) as caught:
        send("hook", "${TARGET}", SAMPLE, environment)
    assert "hunter22222" not in str(caught.value)
    assert without_secrets("no tok-en-123 nor hunter22222", "${TARGET}", environment) == "no ${TARGET} nor ${TARGET}"
    with pytest.raises(NotSent, match="does not recognise"):
        send("hook", "nosuch://${TARGET}", SAMPLE, environment)


def test_pagerduty_gets_the_incident_as_its_key_so_that_a_recovery_resolves_it() -> None:
    import apprise

    url = with_id("pagerduty://integration@routing-key", SAMPLE)
    pager = apprise.Apprise.instantiate(url)
    assert (pager.dedup, pager.action) == (SAMPLE.incident_id, "map")


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "workflows://host.example:443/643a8d4d-1b2c-4e7f-8c7d/643a8d4d1b2c4e7f8c7d",
        "mailtos://me:word@mail.bank.example?to=owner@bank.example",
    ],
)
def test_urls_of_common_receivers_stay_what_they_are(url) -> None:
    import apprise

    assert type(apprise.Apprise.instantiate(with_id(url, SAMPLE))) is type(apprise.Apprise.instantiate(url))
    assert apprise.Apprise.instantiate(url) is not None


def test_two_domains_share_an_outbox(outbox, http_receiver) -> None:
    for domain in ("retail", "investment"):
        standing, notices = after(domain, {}, [check(1), fresh(2, "late", "retail/account")])
        for notice in outbox.record(domain, None, 2, standing, notices, datetime.now(UTC)):
            outbox.route([(notice, ["hook"])], datetime.now(UTC))
    assert deliver(outbox, "retail", routing(hook=http_receiver.url), message).confirmed == 2
    assert len(outbox.due("investment", datetime.now(UTC))) == 2
    assert len(outbox.incidents_of("investment")) == 2

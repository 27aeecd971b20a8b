"""Withdrawals are announced once to each owner, delivered though a receiver was away, and say who else reads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alert_receivers import HttpReceiver

from bankmesh.alerts.delivery.routing_file import Receiver, Routing
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.alerts.withdrawal_notices import WithdrawalOutbox, now, write_notices
from bankmesh.catalog.recorded_reads import RecordedRead
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.ports import Decision, DecisionKind
from bankmesh.testing import contract_text

DECISION = Decision(DecisionKind.WITHDRAW, "Ada", "wrong currency", (3,), 2, commit=4)


def _contract(name: str, team: str, channel: str = "help"):
    text = contract_text(f"shop.{name}", {"id": "string"}, team={"name": team}, support=[{"channel": channel}])
    contract, faults = read_text(f"{name}.odcs.yaml", text)
    assert faults == ()
    return contract


SALE = _contract("sale", "till")
CONSUMERS = [_contract("spend", "desk"), _contract("top", "desk"), _contract("churn", "science")]
USES = [
    RecordedRead("2026-01-01", "shop.sale", 3, None, "user:eve"),
    RecordedRead("2026-01-01", "shop.sale", 2, None, "user:bob"),
]


def test_each_owner_gets_one_notice_and_the_products_own_the_readers() -> None:
    found = write_notices(SALE, DECISION, CONSUMERS, USES, Routing(fallback=()))
    assert [notice.owner for notice in found] == ["desk", "science", "till (owner)"]
    desk, _, own = found
    assert "Version 3 of shop.sale is withdrawn by Ada: wrong currency." in desk.body
    assert "Readers get version 4, with the rows of version 2." in desk.body
    assert "shop.spend, shop.top" in desk.body
    assert "user:eve (version 3)" in own.body
    assert "user:bob" not in own.body
    assert len({notice.id for notice in found}) == 3


def test_routes_are_the_owners_channels_else_the_domains_else_the_fallback() -> None:
    ours = Receiver("json://127.0.0.1:1/", None)
    quiet = Receiver("json://127.0.0.1:1/", frozenset({AlertSeverity.INFO}))
    channels = {"help": ours, "desk": ours, "all": ours, "quiet": quiet}

    def routes(**said) -> tuple[str, ...]:
        return write_notices(SALE, DECISION, [], [], Routing(channels=channels, **said))[0].routes

    assert routes() == ("help",)
    other = write_notices(_contract("sale", "till", "nowhere"), DECISION, [], [], Routing(channels=channels))
    assert other[0].routes == ()
    nowhere = _contract("sale", "till", "nowhere")
    by_domain = Routing(channels=channels, domains={"shop": ("desk", "quiet")}, fallback=("all",))
    assert write_notices(nowhere, DECISION, [], [], by_domain)[0].routes == ("desk",)
    assert write_notices(nowhere, DECISION, [], [], Routing(channels=channels, fallback=("all",)))[0].routes == ("all",)


def test_a_notice_is_delivered_once_though_its_receiver_was_away(tmp_path: Path) -> None:
    with HttpReceiver() as receiver, WithdrawalOutbox(f"sqlite:///{tmp_path / 'alerts.db'}") as outbox:
        routing = Routing(channels={"help": Receiver(receiver.url, None)})
        found = write_notices(SALE, DECISION, CONSUMERS, USES, routing)
        start = now()
        for _ in range(2):
            outbox.announce("shop.sale", 4, found, start)
        assert outbox.is_announced("shop.sale", 4)
        assert not outbox.is_announced("shop.sale", 5)
        receiver.status = 500
        assert len(outbox.deliver(routing, start)) == 3
        receiver.status = 200
        assert outbox.deliver(routing, start) == []
        assert receiver.taken == []
        assert outbox.deliver(routing, start + timedelta(minutes=2)) == []
        assert sorted(receiver.ids) == sorted(notice.id for notice in found)
        assert outbox.deliver(routing, start + timedelta(hours=2)) == []
        assert len(receiver.taken) == 3


@pytest.mark.parametrize("withdrawn", [(3,), (3, 4)])
def test_the_same_decision_has_the_same_ids(withdrawn) -> None:
    decision = Decision(DecisionKind.WITHDRAW, "Ada", "why", withdrawn, 2, commit=4)
    first, second = (write_notices(SALE, decision, CONSUMERS, [], Routing()) for _ in range(2))
    assert first == second

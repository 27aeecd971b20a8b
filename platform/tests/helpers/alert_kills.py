"""A process that looks at facts and delivers, and dies at a named point. Run as a program by the kill tests.

    python alert_kills.py DATABASE URL POINT HITS FACTS

Reads fact numbers 1 to FACTS, where odd ones are a failing check and even ones the same check passing, exactly as a
tick would: read, decide, record, route, deliver. It kills itself when POINT is reached for the HITS-th time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta

from alert_samples import check, passed

from bankmesh import fault_points
from bankmesh.alerts.delivery.alert_messages import message
from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
from bankmesh.alerts.delivery.route_delivery import DeliveryPolicy, deliver
from bankmesh.alerts.delivery.routing_file import Receiver, Routing
from bankmesh.alerts.incident_decisions import after

POINTS = ("alerts-recorded", "alerts-routed", "alert-attempted", "alert-sent", "alert-confirmed")
SOON = DeliveryPolicy(first=timedelta(0))


def facts(up_to: int) -> list:
    return [check(number) if number % 2 else passed(number) for number in range(1, up_to + 1)]


def work(database: str, url: str, up_to: int) -> None:
    """Everything that a tick does, one fact after the other."""
    routing = Routing(channels={"shop": Receiver(url)})
    with AlertOutbox(database) as outbox:
        position = outbox.position("retail")
        for fact in facts(up_to):
            if position is not None and fact.id <= position:
                continue
            standing, notices = after("retail", outbox.incidents_of("retail"), [fact])
            outbox.record("retail", position, fact.id, standing, notices, datetime.now(UTC))
            fault_points.reached("alerts-recorded")
            position = fact.id
        for notice in outbox.unrouted("retail"):
            outbox.route([(notice, ["shop"])], datetime.now(UTC))
            fault_points.reached("alerts-routed")
        while outbox.due("retail", datetime.now(UTC)):
            deliver(outbox, "retail", routing, message, SOON)


def main(database: str, url: str, point: str, hits: str, up_to: str) -> None:
    seen = []
    lock = threading.Lock()

    def watch(name: str) -> None:
        with lock:
            seen.append(name)
            if name == point and seen.count(point) == int(hits):
                os.kill(os.getpid(), signal.SIGKILL)

    fault_points.watch(watch)
    work(database, url, int(up_to))


if __name__ == "__main__":
    main(*sys.argv[1:])

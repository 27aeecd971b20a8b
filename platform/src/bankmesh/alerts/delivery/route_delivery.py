"""Delivery of due notices: each route in a thread of its own, with a limit on how long the tick waits.

Delivery is at least once: an attempt is recorded before it is made and confirmed after it. A receiver that fails is
tried again at growing intervals; one that is slow blocks neither the other routes nor the tick.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bankmesh.alerts.delivery.alert_routes import receiver_of
from bankmesh.alerts.delivery.apprise_sender import send
from bankmesh.errors import BankmeshError
from bankmesh.fault_points import reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from bankmesh.alerts.delivery.alert_messages import Message
    from bankmesh.alerts.delivery.alert_outbox import AlertOutbox, NoticeDelivery
    from bankmesh.alerts.delivery.routing_file import Routing
    from bankmesh.alerts.model import Notice


@dataclass(frozen=True)
class DeliveryPolicy:
    """Intervals and limits of attempts. `patience` is how long a tick waits for all its sendings."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(days=3)
    patience: timedelta = timedelta(seconds=20)


@dataclass
class DeliveryReport:
    """The outcome of the deliveries of one tick."""

    confirmed: int = 0
    failures: list[str] = field(default_factory=list)
    still_sending: int = 0


def next_attempt(attempts: int, now: datetime, pace: DeliveryPolicy, jitter: float) -> datetime:
    """Return when to try after so many failed attempts: twice as late each time, plus up to a quarter (by `jitter`)."""
    wait: timedelta = min(pace.longest, pace.first * (1 << min(attempts, 20)))
    return now + wait * (1 + jitter / 4)


def deliver(
    outbox: AlertOutbox,
    domain: str,
    routing: Routing,
    write: Callable[[Notice], Message],
    pace: DeliveryPolicy | None = None,
) -> DeliveryReport:
    """Send what is due for a domain. Never raises because of a receiver."""
    pace = pace or DeliveryPolicy()
    by_route: dict[str, list[NoticeDelivery]] = {}
    for delivery in outbox.due(domain, datetime.now(UTC)):
        by_route.setdefault(delivery.route, []).append(delivery)
    sent = DeliveryReport()
    until = time.monotonic() + pace.patience.total_seconds()
    threads = [
        # Daemons: a receiver that never answers does not keep the process alive.
        threading.Thread(target=_deliver_to, args=(outbox, routing, write, waiting, pace, until, sent), daemon=True)
        for waiting in by_route.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    sent.still_sending = sum(thread.is_alive() for thread in threads)
    return sent


def _deliver_to(
    outbox: AlertOutbox,
    routing: Routing,
    write: Callable[[Notice], Message],
    waiting: list[NoticeDelivery],
    pace: DeliveryPolicy,
    until: float,
    sent: DeliveryReport,
) -> None:
    """Send to one route until a sending fails; the next tick goes on."""
    for delivery in waiting:
        if time.monotonic() > until or not _send_one(outbox, routing, write, delivery, pace, sent):
            return


def _send_one(
    outbox: AlertOutbox,
    routing: Routing,
    write: Callable[[Notice], Message],
    delivery: NoticeDelivery,
    pace: DeliveryPolicy,
    sent: DeliveryReport,
) -> bool:
    now = datetime.now(UTC)
    try:
        again = next_attempt(delivery.attempts, now, pace, random.random())  # noqa: S311 - spreads load, guards nothing
        if not outbox.attempt(delivery, again):
            return True
        reached("alert-attempted")
        reason = _try(routing, write, delivery)
        if reason is None:
            reached("alert-sent")
            outbox.confirm(delivery, datetime.now(UTC))
            reached("alert-confirmed")
            sent.confirmed += 1
            return True
        outbox.note_failure(delivery, reason, give_up=now - delivery.since > pace.give_up_after)
    except Exception as error:  # noqa: BLE001 - the outbox itself: nothing is lost, the attempt is made again
        reason = f"{delivery.route}: {type(error).__name__}"
    sent.failures.append(reason)
    return False


def _try(routing: Routing, write: Callable[[Notice], Message], delivery: NoticeDelivery) -> str | None:
    """Send; return None if it succeeded, else why not, without any secret."""
    try:
        send(delivery.route, receiver_of(delivery.route, routing).to, write(delivery.notice), os.environ)
    except BankmeshError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a fault of a receiver's plugin; its text may quote the URL
        return f"{delivery.route}: {type(error).__name__}"
    return None

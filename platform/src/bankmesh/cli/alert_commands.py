"""`mesh alerts`: open incidents, the history of notifications, the routes, and a test message to a route."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.access.metadata_decisions import owns_facts
from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, ago, print_json, print_table, warn_of_reader
from bankmesh.errors import UnknownName
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bankmesh.alerts.delivery.alert_outbox import AlertOutbox, DeliveredNotice, NoticeDelivery
    from bankmesh.alerts.model import Incident, Problem
    from bankmesh.settings import AlertSettings

app = typer.Typer(cls=CommandGroup, help="Show open incidents, notifications and routes.")


@app.callback(invoke_without_command=True)
def list_open(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """List open incidents, and alerts that could not be delivered.

    Numbers of failing rows are for owners and stewards of the domain, and auditors.
    """
    if context.invoked_subcommand is not None:
        return
    with _outbox() as outbox:
        incidents = _readable(outbox.open_incidents()) if outbox else []
        waiting = outbox.undelivered() if outbox else []
    if as_json:
        print_json(
            {
                "incidents": [_incident_facts(domain, incident) for domain, incident in incidents],
                "undelivered": [_delivery_facts(delivery) | {"domain": domain} for domain, delivery in waiting],
            }
        )
        return
    _print_incidents(incidents)
    _print_undelivered(waiting)


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of notifications.")] = 20,
    incident: Annotated[str | None, typer.Option(help="Only notifications of this incident.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List notifications, newest first, with the state of their deliveries."""
    from bankmesh.alerts.delivery.alert_messages import title

    with _outbox() as outbox:
        sent = outbox.history(limit, incident) if outbox else []
    if as_json:
        print_json([_notice_facts(each) for each in sent])
        return
    rows = [
        (each.notice.id, f"{each.notice.at:%Y-%m-%d %H:%M}", title(each.notice), _whereabouts(each)) for each in sent
    ]
    print_table(("alert", "at (UTC)", "title", "to"), rows)


@app.command()
def routes(*, as_json: JsonOption = False) -> None:
    """List the support channels of contracts, each with its route in the routing file, or `none`."""
    from bankmesh.alerts.delivery.alert_routes import route_of_channel
    from bankmesh.alerts.delivery.routing_file import read_routing
    from bankmesh.workspace.workspace_contracts import readable_contracts

    settings = current_settings()
    places = _places()
    routing = read_routing(places.file)
    channels = sorted(
        {
            (contract.port, channel.channel, route_of_channel(channel, routing))
            for contract in readable_contracts(settings.root)
            for channel in contract.support
        },
        key=lambda found: found[:2],
    )
    if as_json:
        found = [{"product": port, "channel": channel, "route": route} for port, channel, route in channels]
        print_json({"file": str(places.file), "routes": sorted(routing.channels), "channels": found})
        return
    typer.echo(f"{places.file}{'' if places.file.is_file() else ' (does not exist: alerts are only recorded)'}")
    print_table(
        ("product", "channel", "route"), [(port, channel, route or "none") for port, channel, route in channels]
    )


@app.command("test")
def try_route(route: Annotated[str, typer.Argument(help="A channel of the routing file, or mailto:ADDRESS.")]) -> None:
    """Send a test message to one route. Exit 1 if the route does not accept it."""
    from bankmesh.alerts.delivery.alert_messages import Message
    from bankmesh.alerts.delivery.alert_routes import receiver_of
    from bankmesh.alerts.delivery.apprise_sender import send
    from bankmesh.alerts.delivery.routing_file import read_routing
    from bankmesh.alerts.event_facts import AlertSeverity

    receiver = receiver_of(route, read_routing(_places().file))
    number = f"test-{datetime.now(UTC):%Y%m%d%H%M%S}"
    title = f"[INFO] Test of the route {route}"
    text = f"This is a test message: alerts of this mesh will arrive here.\nAlert {number}."
    send(route, receiver.to, Message(number, number, "test", AlertSeverity.INFO, title, text), os.environ)
    typer.echo(f"{route} accepted alert {number}.")


@app.command()
def retry() -> None:
    """Make pending and undelivered notifications due at the sensors' next tick."""
    with _outbox() as outbox:
        count = outbox.try_again(None, datetime.now(UTC)) if outbox else 0
    typer.echo(f"{count} deliveries are due at the next tick.")


@app.command()
def close(incident: Annotated[str, typer.Argument(help="The incident's id.", metavar="INCIDENT")]) -> None:
    """Close an incident that does not end automatically, and notify the routes that were notified of it."""
    from bankmesh.alerts.incident_decisions import close_by_hand

    with _outbox() as outbox:
        found = {each.id: (domain, each) for domain, each in (outbox.open_incidents() if outbox else [])}
        if outbox is None or incident not in found:
            raise UnknownName("open incident", incident, found)
        domain, known = found[incident]
        outbox.close_incident(domain, known, close_by_hand(known, datetime.now(UTC)))
    typer.echo(f"{incident} is closed.")


def _places() -> AlertSettings:
    from bankmesh.settings import alert_settings

    return alert_settings(current_settings())


@contextmanager
def _outbox() -> Iterator[AlertOutbox | None]:
    """Open the outbox if it exists, else yield None: nothing is created before the first sensor tick."""
    from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
    from bankmesh.storage.databases import database_exists

    database = _places().database
    if not database_exists(database):
        yield None
        return
    with AlertOutbox(database) as outbox:
        yield outbox


def _readable(incidents: Sequence[tuple[str, Incident]]) -> list[tuple[str, Incident]]:
    """Return the incidents with domains; without numbers of rows for readers who are not of the domain."""
    if not incidents:
        return []
    reader = current_metadata_reader(current_settings(), decides=False)
    warn_of_reader(reader)
    return [
        (domain, incident if owns_facts(reader.principal, domain) else _without_rows(incident))
        for domain, incident in incidents
    ]


def _without_rows(incident: Incident) -> Incident:
    return replace(incident, problems=tuple(replace(each, failing_rows=None, rows=None) for each in incident.problems))


def _print_incidents(incidents: list[tuple[str, Incident]]) -> None:
    """Print one row for each incident, and below it the lines of its list that differ from its state."""
    from bankmesh.alerts.delivery.alert_messages import lines_of, states, subject

    rows = []
    for _, incident in incidents:
        state = "waits for a retry" if incident.held else states(incident.listed)
        since = ago(incident.opened_at)
        rows.append((incident.id, incident.severity.label, subject(incident), state, since, str(incident.times)))
        rows += [("", "", f"- {line}", "", "", "") for line in lines_of(incident) if line != state]
    print_table(("incident", "severity", "what", "state", "since", "seen"), rows)


def _print_undelivered(waiting: list[tuple[str, NoticeDelivery]]) -> None:
    if not waiting:
        return
    typer.echo("")
    rows = [(d.notice.id, d.route, d.state, str(d.attempts), d.error or "") for _, d in waiting]
    print_table(("not delivered", "route", "state", "attempts", "why"), rows)


def _whereabouts(sent: DeliveredNotice) -> str:
    if not sent.deliveries and sent.notice.kind == "covered":
        return "none: the notification of the cause covers it"
    if not sent.deliveries:
        return "none: no route"
    return ", ".join(f"{d.route} ({d.state})" for d in sent.deliveries)


def _incident_facts(domain: str, incident: Incident) -> dict[str, Any]:
    cause = incident.cause
    return {
        "id": incident.id,
        "domain": domain,
        "about": incident.name,
        "cause": {"kind": cause.kind, "what": cause.label} if cause else None,
        "owner": incident.owner or None,
        "assets": list(incident.assets),
        "severity": incident.severity.label,
        "held": incident.held,
        "opened_at": incident.opened_at.isoformat(),
        "changed_at": incident.changed_at.isoformat(),
        "times": incident.times,
        "run_id": incident.run_id or None,
        "problems": [_problem_facts(problem) for problem in incident.problems if not problem.has_ended],
    }


def _problem_facts(problem: Problem) -> dict[str, Any]:
    is_job = problem.asset.startswith("job:")
    return {
        "kind": problem.kind,
        "asset": None if is_job else problem.asset,
        "job": problem.asset.removeprefix("job:") if is_job else None,
        "check": problem.check,
        "outcome": problem.outcome,
        "severity": problem.severity.label,
        "partitions": list(problem.partitions),
        "held": problem.held,
        "since": problem.since.isoformat(),
        "changed_at": problem.changed_at.isoformat(),
        "times": problem.times,
        "failing_rows": problem.failing_rows,
        "rows": problem.rows,
        "errors": list(problem.errors),
        "run_id": problem.run_id or None,
    }


def _notice_facts(sent: DeliveredNotice) -> dict[str, Any]:
    from bankmesh.alerts.delivery.alert_messages import title

    return {
        "alert": sent.notice.id,
        "incident": sent.notice.incident.id,
        "domain": sent.domain,
        "event": sent.notice.kind,
        "severity": sent.notice.incident.severity.label,
        "title": title(sent.notice),
        "at": sent.notice.at.isoformat(),
        "deliveries": [_delivery_facts(delivery) for delivery in sent.deliveries],
    }


def _delivery_facts(delivery: NoticeDelivery) -> dict[str, Any]:
    confirmed = delivery.confirmed_at
    return {
        "alert": delivery.notice.id,
        "route": delivery.route,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at.isoformat() if delivery.state == "pending" else None,
        "confirmed_at": confirmed.isoformat() if confirmed else None,
        "error": delivery.error,
    }

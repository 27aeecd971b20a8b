"""`mesh scorecard`: quality figures of products and domains."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.catalog_commands import current_catalog
from bankmesh.cli.name_completion import complete_card
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.settings import current_settings

if TYPE_CHECKING:
    from bankmesh.catalog.scorecard_facts import Alerts
    from bankmesh.catalog.scorecards import Measure, Scorecard


def scorecard(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A product, or a domain with its products; by default all.",
            metavar="NAME",
            autocompletion=complete_card,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show scorecards; an unknown figure is a dash (null in JSON)."""
    from bankmesh.catalog.scorecard_facts import scorecards

    alerts = _alerts()
    with current_catalog(with_history=True) as catalog, catalog.reading() as connection:
        cards = scorecards(connection, datetime.now(UTC), alerts, name)
    if as_json:
        print_json([card.to_json() for card in cards])
        return
    headings = (
        "scorecard",
        "contract complete",
        "enforced",
        "checks passed",
        "fresh",
        "used by domains",
        "open alerts",
    )
    print_table(headings, [_row(card) for card in cards])
    for card in cards if name is not None else ():
        if card.missing:
            console().print(f"The contract of {card.id} lacks: {', '.join(card.missing)}", markup=False)


def _alerts() -> Alerts | None:
    """Return open incidents by port and domain; None if no sensor has recorded any alerts yet."""
    from bankmesh.alerts.delivery.alert_outbox import AlertOutbox
    from bankmesh.catalog.scorecard_facts import count_alerts
    from bankmesh.settings import alert_settings
    from bankmesh.storage.databases import database_exists

    database = alert_settings(current_settings()).database
    if not database_exists(database):
        return None
    with AlertOutbox(database) as outbox:
        return count_alerts((domain, incident.assets) for domain, incident in outbox.open_incidents())


def _row(card: Scorecard) -> tuple[str, ...]:
    figures = card.figures
    return (
        card.id if card.kind == "domain" else f"  {card.id}",
        _of(figures["completeness"]),
        _of(figures["enforced"]),
        _of(figures["checks_passed"]),
        _percent(figures["freshness_kept"]),
        _of(figures["used_by_domains"]),
        "-" if figures["open_alerts"].value is None else f"{figures['open_alerts'].value:.0f}",
    )


def _of(figure: Measure) -> str:
    return "-" if figure.value is None or figure.out_of is None else f"{figure.value:,.0f} of {figure.out_of:,.0f}"


def _percent(figure: Measure) -> str:
    return "-" if figure.share is None else f"{figure.share:.1%}"

"""Routes of notices: from the owner's support channels, the routing file and the severity. Pure functions.

A *route* is the name of a receiver: a channel of the routing file, or `mailto:` with an address for the file's
`email`. It is resolved to a URL only when a message is sent, so that a corrected route takes effect at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.alerts.delivery.routing_file import ADDRESS, Receiver
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.alerts.model import COVERED, ENDINGS
from bankmesh.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.alerts.delivery.routing_file import Routing
    from bankmesh.alerts.model import Notice
    from bankmesh.contracts.model import Contract, SupportChannel

_MAIL = "mailto:"
_SILENT_SCOPES = {"announcements"}
_ALL = frozenset(AlertSeverity)
_FROM_WARNING = frozenset({AlertSeverity.WARNING, AlertSeverity.ERROR})
_ONLY_ERROR = frozenset({AlertSeverity.ERROR})
# By the scheme of the receiver's URL or, where that is a secret, by the `tool` of the support channel.
_FOR = {
    "email": _FROM_WARNING,
    "mailto": _FROM_WARNING,
    "mailtos": _FROM_WARNING,
    "pagerduty": _ONLY_ERROR,
    "opsgenie": _ONLY_ERROR,
    "pagertree": _ONLY_ERROR,
    "splunk": _ONLY_ERROR,
    "victorops": _ONLY_ERROR,
    "signl4": _ONLY_ERROR,
    "twilio": _ONLY_ERROR,
    "ticket": _ONLY_ERROR,
}


def routes_of(
    notice: Notice, domain: str, contracts: Mapping[str, Contract], routing: Routing, notified: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the routes that a notice goes to, sorted.

    Args:
        notice: the notice to route.
        domain: the domain of its incident.
        contracts: the domain's contracts, by the asset of the product.
        routing: the content of the routing file.
        notified: routes that were sent notices of the same incident before. Its end goes to these only; a problem that
            their message covers does not go to them again.
    """
    before = set(notified)
    if notice.kind in ENDINGS:
        return tuple(sorted(before))
    severity = notice.incident.severity
    found = {
        route
        for route, tool in _candidates(notice, domain, contracts, routing)
        if severity in _severities(route, tool, routing)
    }
    return tuple(sorted(found - before if notice.kind == COVERED else found | before))


def receiver_of(route: str, routing: Routing) -> Receiver:
    """Return the receiver of a route. Raises UnknownName if the routing file does not define it (any more)."""
    if route in routing.channels:
        return routing.channels[route]
    if route.startswith(_MAIL) and routing.email is not None:
        return Receiver(_addressed(routing.email.to, route.removeprefix(_MAIL)), routing.email.severities)
    mail = {f"{_MAIL}ADDRESS"} if routing.email else set()
    raise UnknownName("route", route, {*routing.channels, *mail})


def _candidates(
    notice: Notice, domain: str, contracts: Mapping[str, Contract], routing: Routing
) -> list[tuple[str, str | None]]:
    """Return routes, with the tool that the contract names: the products' own, else the domain's, else the fallback."""
    owners = [contracts[asset] for asset in notice.incident.assets if asset in contracts]
    jobs = any(problem.asset not in notice.incident.assets for problem in notice.incident.listed)
    unowned = len(owners) < len(notice.incident.assets) or jobs
    found = _of_contracts(owners, routing)
    if unowned or not found:
        # Landings and jobs have no contract of their own; they belong to the whole domain.
        named = [(name, None) for name in routing.domains.get(domain, ())]
        found += named or (_of_contracts(contracts.values(), routing) if unowned else [])
    return found or [(name, None) for name in routing.fallback]


def _of_contracts(contracts: Iterable[Contract], routing: Routing) -> list[tuple[str, str | None]]:
    channels = [channel for contract in contracts for channel in contract.support]
    routes = [(route_of_channel(channel, routing), channel.tool) for channel in channels]
    return [(route, tool) for route, tool in routes if route is not None]


def route_of_channel(channel: SupportChannel, routing: Routing) -> str | None:
    """Return the route to a support channel; None for channels of announcements and for those without a route."""
    if channel.scope in _SILENT_SCOPES:
        return None
    for name in (channel.channel, channel.url):
        if name is not None and name in routing.channels:
            return name
    if routing.email is None:
        return None
    if channel.url is not None and channel.url.startswith(_MAIL):
        return channel.url.partition("?")[0]
    return f"{_MAIL}{channel.channel}" if channel.tool == "email" and "@" in channel.channel else None


def _severities(route: str, tool: str | None, routing: Routing) -> frozenset[AlertSeverity]:
    receiver = receiver_of(route, routing)
    if receiver.severities is not None:
        return receiver.severities
    scheme = receiver.to.partition("://")[0]
    return _FOR.get(scheme) or _FOR.get(tool or "") or _ALL


def _addressed(url: str, address: str) -> str:
    """Return the URL of the mail server with the receiver's address: in place of `{address}`, else as its `to`."""
    if ADDRESS in url:
        return url.replace(ADDRESS, address)
    return f"{url}{'&' if '?' in url else '?'}to={address}"

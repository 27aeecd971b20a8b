"""Sending of one message to one receiver, through Apprise.

The alert id is in the text of every message; receivers that can sort by it also get it separately: JSON, form and XML
webhooks as a field and a header, e-mail as a header, PagerDuty as the key of its incident, which a recovery resolves.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from bankmesh.alerts.delivery.routing_file import VARIABLE, fill_in
from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.alerts.model import ENDINGS
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.alerts.delivery.alert_messages import Message

HEADER = "X-Bankmesh-Alert"
_FIELDS = {"json", "jsons", "form", "forms", "xml", "xmls"}
_HEADERS = {*_FIELDS, "mailto", "mailtos"}


class NotSent(BankmeshError):
    """A receiver did not accept a message; the error has the reason, without the receiver's secrets."""

    def __init__(self, route: str, reason: str) -> None:
        self.route, self.reason = route, reason
        super().__init__(f"{route}: {reason}")


def send(route: str, to: str, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message to the receiver `to` (a URL with `${NAME}` for secrets). Raises NotSent or SecretMissing."""
    url = fill_in(to, environment)
    import apprise

    # Apprise logs addresses. The reason of a failure is taken from its result, and reported by the error below.
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    known = apprise.Apprise()
    if not known.add(with_id(_webhook(url), message)):
        raise NotSent(route, "Apprise does not recognise the kind of its URL")
    kinds = {AlertSeverity.ERROR: "failure", AlertSeverity.WARNING: "warning", AlertSeverity.INFO: "info"}
    kind = "success" if message.kind in ENDINGS else kinds[message.severity]
    try:
        result = known.notify(
            body=message.body,
            title=message.title,
            notify_type=apprise.NotifyType(kind),
            body_format=apprise.NotifyFormat.TEXT,
            log_level=logging.WARNING,
        )
    except Exception as error:  # noqa: BLE001
        # The text of any error of a receiver's plugin may quote the URL.
        raise NotSent(route, f"sending raised {type(error).__name__}") from None
    if not result:
        said = " ".join(entry.message for entry in result.logs()) or "the receiver did not accept it"
        raise NotSent(route, without_secrets(said, to, environment))


def with_id(url: str, message: Message) -> str:
    """Return the URL with an id by which the receiver recognises a message that is sent again."""
    scheme = url.partition("://")[0]
    extra: list[tuple[str, str]] = []
    if scheme in _HEADERS:
        extra.append((f"+{HEADER}", message.alert_id))
    if scheme in _FIELDS:
        extra += [
            (":alert_id", message.alert_id),
            (":incident_id", message.incident_id),
            (":event", message.kind),
            (":severity", message.severity.label),
        ]
    if scheme == "pagerduty":
        extra += [("action", "map"), ("dedup", message.incident_id)]
    if not extra:
        return url
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in extra)
    return f"{url}{'&' if '?' in url else '?'}{query}"


def without_secrets(text: str, to: str, environment: Mapping[str, str]) -> str:
    """Return the text with the names of the URL's environment variables in place of their values and parts of these."""
    for name in VARIABLE.findall(to):
        value = environment.get(name, "")
        for part in sorted({value, *_parts(value)}, key=len, reverse=True):
            text = text.replace(part, f"${{{name}}}") if part else text
    return text


def _parts(value: str) -> list[str]:
    """Return parts of a URL that may be secrets by themselves."""
    return [part for part in value.replace("@", "/").replace("?", "/").replace(":", "/").split("/") if len(part) > 5]  # noqa: PLR2004 - a shorter one is a word


def _webhook(url: str) -> str:
    """Return the URL; a plain http address that belongs to no known service becomes a JSON webhook."""
    if not url.startswith(("http://", "https://")):
        return url
    import apprise

    return url if apprise.Apprise.instantiate(url) is not None else url.replace("http", "json", 1)

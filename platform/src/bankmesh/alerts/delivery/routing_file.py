"""`alerts.yaml`: the receivers of the support channels in contracts, and the severities that each one takes.

Read strictly, all faults at once, with their lines. Secrets are in the environment only: a text `${NAME}` is replaced
when a message is sent, and never before, so that nothing that is stored or shown holds one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.alerts.event_facts import AlertSeverity
from bankmesh.errors import BankmeshError, Fault, FaultsFound
from bankmesh.yaml.documents import decode, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bankmesh.yaml.documents import Document

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
ADDRESS = "{address}"
INCIDENTS = ("check.error", "check.warning", "run.error", "freshness.error", "freshness.warning")

_KEYS = ("channels", "email", "domains", "fallback", "severities")
_CHANNEL_KEYS = ("to", "severities")
_SEVERITIES = {severity.label: severity for severity in AlertSeverity}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
# Receivers that need only an address; every other one is named by a token, which is a secret.
_OPEN_SCHEMES = {"json", "jsons", "form", "forms", "xml", "xmls", "mailto", "mailtos"}
_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/@?]*:(?P<password>[^/@?]*)@")


class RoutingFaults(FaultsFound):
    """Faults of an `alerts.yaml`."""

    noun = "alert routing file"


class SecretMissing(BankmeshError):
    """A route needs an environment variable that is not set."""

    def __init__(self, variable: str) -> None:
        self.variable = variable
        super().__init__(
            f"The environment variable {variable} is not set. Set it for the process that runs the code locations."
        )


@dataclass(frozen=True)
class Receiver:
    """The receiver of a channel: an Apprise URL with `${NAME}` for secrets. `severities` None: its kind decides."""

    to: str
    severities: frozenset[AlertSeverity] | None = None


@dataclass(frozen=True)
class Routing:
    """The content of the file: receivers by the channel's name or url, and the defaults where none is named."""

    channels: dict[str, Receiver] = field(default_factory=dict)
    email: Receiver | None = None
    domains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fallback: tuple[str, ...] = ()
    severities: dict[str, AlertSeverity] = field(default_factory=dict)


def read_routing(file: Path) -> Routing:
    """Return the file's routing, or an empty one if there is no file. Raises RoutingFaults."""
    if not file.is_file():
        return Routing()
    text, faults = decode(str(file), file.read_bytes())
    if not faults and not text.strip():
        return Routing()
    document, found = parse(str(file), text)
    reader = _RoutingReader(document, [*faults, *found])
    routing = reader.routing()
    if reader.faults:
        raise RoutingFaults(reader.faults)
    return routing


def fill_in(url: str, environment: Mapping[str, str]) -> str:
    """Return the URL with its secrets. Raises SecretMissing."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1])
        if not found:
            raise SecretMissing(match[1])
        return found

    return VARIABLE.sub(value, url)


class _RoutingReader:
    """Reader of the document; a value that is wrong is a fault and counts as absent."""

    def __init__(self, document: Document, faults: list[Fault]) -> None:
        self.document, self.faults = document, faults

    def routing(self) -> Routing:
        top = self.mapping((), self.document.data)
        self.only(_KEYS, (), top)
        channels = {
            name: receiver
            for name, value in self.mapping(("channels",), top.get("channels")).items()
            if (receiver := self.receiver(("channels", name), value)) is not None
        }
        named = frozenset(channels)
        return Routing(
            channels=channels,
            email=self.receiver(("email",), top["email"]) if top.get("email") is not None else None,
            domains={
                domain: self.names(("domains", domain), value, named)
                for domain, value in self.mapping(("domains",), top.get("domains")).items()
            },
            fallback=self.names(("fallback",), top.get("fallback"), named),
            severities=self.changed_severities(top),
        )

    def receiver(self, path: tuple[str, ...], value: Any) -> Receiver | None:  # noqa: ANN401 - any YAML value
        if isinstance(value, str):
            return self.checked(path, Receiver(value))
        data = self.mapping(path, value)
        self.only(_CHANNEL_KEYS, path, data)
        if not isinstance(data.get("to"), str):
            self.fault(path, "missing-to", f"{'.'.join(path)} needs `to`: the URL of a receiver")
            return None
        severities = None
        if "severities" in data:
            words = self.texts((*path, "severities"), data["severities"])
            severities = frozenset(filter(None, (self.severity((*path, "severities"), word) for word in words)))
        return self.checked((*path, "to"), Receiver(data["to"], severities))

    def checked(self, path: tuple[str, ...], receiver: Receiver) -> Receiver | None:
        """Return the receiver if its URL is valid and holds no secret in plain text; else record a fault."""
        open_secret = _open_secret(receiver.to)
        if open_secret:
            self.fault(path, "open-secret", f"{open_secret}; write ${{NAME}} and set that environment variable")
            return None
        if not VARIABLE.match(receiver.to) and not _SCHEME.match(receiver.to):
            self.fault(path, "not-a-url", "a receiver is an Apprise URL such as jsons://host/path, or ${NAME}")
            return None
        return receiver

    def names(self, path: tuple[str, ...], value: Any, known: frozenset[str]) -> tuple[str, ...]:  # noqa: ANN401
        names = self.texts(path, [value] if isinstance(value, str) else value)
        for name in names:
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                self.fault(path, "unknown-channel", f"{name} is not among the channels of this file: {listed}")
        return tuple(name for name in names if name in known)

    def changed_severities(self, top: dict[str, Any]) -> dict[str, AlertSeverity]:
        given = self.mapping(("severities",), top.get("severities"))
        self.only(INCIDENTS, ("severities",), given)
        found = {name: self.severity(("severities", name), word) for name, word in given.items() if name in INCIDENTS}
        return {name: severity for name, severity in found.items() if severity is not None}

    def severity(self, path: tuple[str, ...], word: Any) -> AlertSeverity | None:  # noqa: ANN401
        severity = _SEVERITIES.get(word) if isinstance(word, str) else None
        if severity is None:
            self.fault(path, "unknown-severity", f"{word} is not a severity; allowed: {', '.join(_SEVERITIES)}")
        return severity

    def mapping(self, path: tuple[str, ...], value: Any) -> dict[str, Any]:  # noqa: ANN401
        if isinstance(value, dict) or value is None:
            return value or {}
        self.fault(path, "wrong-type", f"{'.'.join(path) or 'the file'} must be a mapping")
        return {}

    def texts(self, path: tuple[str, ...], value: Any) -> list[str]:  # noqa: ANN401
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        self.fault(path, "wrong-type", f"{'.'.join(path)} must be a list of texts")
        return []

    def only(self, known: tuple[str, ...], path: tuple[str, ...], data: dict[str, Any]) -> None:
        for key in data:
            if key not in known:
                self.fault((*path, key), "unknown-key", f"there is no key {key} here; known: {', '.join(known)}")

    def fault(self, path: tuple[str, ...], rule: str, message: str) -> None:
        self.faults.append(Fault(self.document.file, self.document.line(path), rule, message))


def _open_secret(url: str) -> str | None:
    """Return why a URL holds a secret in plain text; None if it does not."""
    password = _PASSWORD.match(url)
    if password and password["password"] and not VARIABLE.search(password["password"]):
        return "a password is written in the file"
    scheme = url.partition("://")[0]
    if _SCHEME.match(url) and scheme not in _OPEN_SCHEMES and not VARIABLE.search(url):
        return f"a {scheme} URL holds a token, which is a secret"
    return None

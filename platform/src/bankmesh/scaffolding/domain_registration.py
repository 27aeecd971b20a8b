"""The lists of domains in files of the workspace, extended as text so that comments and layout are kept.

Each function takes the text of one file, the new domain and the domains that exist, and returns the new text. A file
that lists no domain is returned unchanged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PROJECT = re.compile(r'^\[\[tool\.dg\.workspace\.projects\]\]\npath = "[^"]*"\n', re.MULTILINE)
_DG_WORKSPACE = re.compile(r'^\[tool\.dg\]\ndirectory_type = "workspace"\n', re.MULTILINE)
LIST = re.compile(r"\[[^\[\]]*\]")
ALTERNATIVES = re.compile(r"\((\w+(?:\|\w+)+)\)")
_PORT = re.compile(r"(?:-p |port: )(\d{4,5})\b")


def register_location(text: str, name: str, domains: Sequence[str]) -> str:  # noqa: ARG001 - one signature for all files
    """Return `workspace.yaml` with the domain as its last code location."""
    entry = f"  - python_module:\n      module_name: {name}.definitions\n      location_name: {name}\n"
    opened = re.sub(r"^load_from:\s*\[\s*\]\s*$", "load_from:", text.rstrip(), flags=re.MULTILINE)
    return f"{opened}\n{entry}"


def register_in_project(text: str, name: str, domains: Sequence[str]) -> str:
    """Return the root `pyproject.toml` with the domain as a project of `dg`, and in each list that names domains."""
    entry = f'[[tool.dg.workspace.projects]]\npath = "domains/{name}"\n'
    places = list(_PROJECT.finditer(text)) or list(_DG_WORKSPACE.finditer(text))
    if places:
        end = places[-1].end()
        text = f"{text[:end]}\n{entry}{text[end:]}"
    listed = LIST.sub(lambda found: _extend_list(found[0], name, domains), text)
    return _extend_alternatives(listed, name, domains)


def register_in_server(text: str, name: str, domains: Sequence[str]) -> str:
    """Return `deploy/workspace.yaml` with a gRPC server for the domain, at the port after the greatest."""
    if not _names_any(text, domains):
        return text
    return (
        f"{text.rstrip()}\n"
        "  - grpc_server:\n"
        f"      host: {{env: {name.upper()}_HOST}}\n"
        f"      port: {_next_port(text)}\n"
        f"      location_name: {name}\n"
    )


def register_in_compose(text: str, name: str, domains: Sequence[str]) -> str:
    """Return `deploy/compose.yaml` with a service for the domain after that of the last one."""
    if not _names_any(text, domains):
        return text
    model = _last_of(domains, text, "\n  {}:\n    <<: *bankmesh\n")
    port = _next_port(text)
    text = _after_line(text, f"    {model.upper()}_HOST: {model}\n", f"    {name.upper()}_HOST: {name}\n")
    healthy = "  {}: {{condition: service_healthy}}\n"
    text = _after_line(text, healthy.format(model), healthy.format(name))
    service = re.search(rf"(?m)^  {model}:\n(?:    .*\n)+", text)
    if service is None:
        return text
    lines = (
        f"  {name}:\n    <<: *bankmesh\n    command: dagster api grpc -h 0.0.0.0 -p {port} -m {name}.definitions "
        f"--location-name {name} --lazy-load-user-code\n    healthcheck: {{test: [CMD, dagster, api, "
        f'grpc-health-check, -p, "{port}"], interval: 10s, start_period: 60s}}\n'
    )
    return f"{text[: service.end()]}\n{lines}{text[service.end() :]}"


def register_in_processes(text: str, name: str, domains: Sequence[str]) -> str:
    """Return `deploy/all-processes.sh` with a server for the domain."""
    if not _names_any(text, domains):
        return text
    model = _last_of(domains, text, "-m {}.definitions")
    ports = sorted(set(re.findall(r"-p (\d+) -m \w+\.definitions", text)))
    started = re.search(rf"(?m)^.*-p (\d+) -m {model}\.definitions.*\n", text)
    if started is None:
        return text
    port = str(int(ports[-1]) + 1)
    line = started[0].replace(f"-p {started[1]}", f"-p {port}").replace(model, name)
    text = f"{text[: started.end()]}{line}{text[started.end() :]}"
    text = text.replace(f"for server in {' '.join(ports)};", f"for server in {' '.join([*ports, port])};")
    return text.replace(
        f" {model.upper()}_HOST=localhost", f" {model.upper()}_HOST=localhost {name.upper()}_HOST=localhost"
    )


def _extend_list(written: str, name: str, domains: Iterable[str]) -> str:
    """Insert the domain after the last domain of a TOML list; a list that names none is returned as it is."""
    ends = [written.find(f'"{domain}"') + len(domain) + 2 for domain in domains if f'"{domain}"' in written]
    return f'{written[: max(ends)]}, "{name}"{written[max(ends) :]}' if ends else written


def _extend_alternatives(text: str, name: str, domains: Sequence[str]) -> str:
    """Insert the domain into regular expressions that name all domains: `(bankmesh|investment|retail)`."""

    def extend(found: re.Match[str]) -> str:
        words = found[1].split("|")
        if not domains or not set(domains) <= set(words):
            return found[0]
        last = max(words.index(domain) for domain in domains)
        return f"({'|'.join([*words[: last + 1], name, *words[last + 1 :]])})"

    return ALTERNATIVES.sub(extend, text)


def _names_any(text: str, domains: Iterable[str]) -> bool:
    return any(re.search(rf"\b{domain}\b", text) for domain in domains)


def _last_of(domains: Iterable[str], text: str, pattern: str) -> str:
    """Return the domain whose pattern comes last in the text."""
    return max(domains, key=lambda domain: text.rfind(pattern.format(domain)))


def _next_port(text: str) -> int:
    return max(int(port) for port in _PORT.findall(text)) + 1 if _PORT.search(text) else 4001


def _after_line(text: str, line: str, new: str) -> str:
    return text.replace(line, line + new, 1)

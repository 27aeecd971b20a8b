"""The lists of domains in files of the workspace, without one of them; comments and layout are kept.

Each function undoes its counterpart in `domain_registration`: it takes the text of one file and the domain, and returns
the new text. A file that does not name the domain is returned unchanged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bankmesh.scaffolding.domain_registration import ALTERNATIVES, LIST
from bankmesh.yaml.node_edits import remove_entries

if TYPE_CHECKING:
    from bankmesh.yaml.node_edits import NodePath

_WORKSPACE_ENTRY = 2


def deregister_location(text: str, name: str) -> str:
    """Return `workspace.yaml`, or that of `deploy/`, without the code location of the domain."""

    def is_its_location(path: NodePath, value: Any) -> bool:  # noqa: ANN401 - any YAML value
        return len(path) == _WORKSPACE_ENTRY and path[0] == "load_from" and _location(value) == name

    edited = remove_entries(text, is_its_location)
    return "load_from: []\n" if edited is None else edited


def deregister_in_project(text: str, name: str, others: set[str]) -> str:
    """Return the root `pyproject.toml` without the domain, as a project of `dg` and in lists that name domains.

    `others` are the domains that stay: regular expressions that name all of them are alternatives of domains.
    """
    project = rf'(?:(?<=\n)\n)?^\[\[tool\.dg\.workspace\.projects\]\]\npath = "domains/{name}"\n'
    text = re.sub(project, "", text, flags=re.MULTILINE)
    text = LIST.sub(lambda found: _without_item(found[0], name), text)

    def shorten(found: re.Match[str]) -> str:
        words = found[1].split("|")
        is_of_domains = name in words and others <= {*words}
        return f"({'|'.join(word for word in words if word != name)})" if is_of_domains else found[0]

    return ALTERNATIVES.sub(shorten, text)


def deregister_in_compose(text: str, name: str) -> str:
    """Return `deploy/compose.yaml` without the service of the domain."""
    text = re.sub(rf"(?m)^ +{name.upper()}_HOST: {name}\n", "", text)
    text = re.sub(rf"(?m)^ +{name}: \{{condition: service_healthy\}}\n", "", text)
    return re.sub(rf"(?m)(?:(?<=\n)\n)?^  {name}:\n(?:\n*    .*\n)+", "", text)


def deregister_in_processes(text: str, name: str) -> str:
    """Return `deploy/all-processes.sh` without the server of the domain."""
    started = re.search(rf"(?m)^.*-p (\d+) -m {name}\.definitions.*\n", text)
    if started is None:
        return text
    text = text.replace(started[0], "").replace(f" {name.upper()}_HOST=localhost", "")
    return re.sub(
        r"for server in ([\d ]+);",
        lambda found: f"for server in {' '.join(port for port in found[1].split() if port != started[1])};",
        text,
    )


def _location(entry: Any) -> str | None:  # noqa: ANN401 - any YAML value
    """Return the domain of an entry of `load_from`."""
    module = entry.get("python_module") if isinstance(entry, dict) else None
    server = entry.get("grpc_server") if isinstance(entry, dict) else None
    if isinstance(server, dict):
        return str(server.get("location_name"))
    written = module.get("module_name") if isinstance(module, dict) else module
    return written.partition(".")[0] if isinstance(written, str) else None


def _without_item(written: str, name: str) -> str:
    """Return a TOML list without the domain; one that does not name it is returned as it is."""
    item = rf"""(?:"{name}"|'{name}')"""
    for pattern in (rf", {item}", rf"{item}, ", rf"\n[ \t]*{item},?(?=[ \t]*\n)", rf"{item}\s*,?"):
        edited, times = re.subn(pattern, "", written, count=1)
        if times:
            return edited
    return written

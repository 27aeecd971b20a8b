"""One user of the operating system for each code location, which writes its own ports and reads its declared inputs.

The folder of each port belongs to the user of its domain and to a group of its own. The users of the domains that
declare the port as an input are members of the group, and nobody else can open the folder. The plan is made from
declarations alone; `permission_script` turns it into commands that may be repeated.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.names import parse_port_name
from bankmesh.settings import LAST_EXPORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CATALOG_USER = "catalog"
"""The user that keeps the catalog's index: it reads every port, and writes none."""
PRIVATE_FOLDERS = ("landings", "dbt", "access/duties")
"""Folders of the mesh home that have one folder for each domain, which its user alone may open."""
_GROUP_DIGITS = 8  # names of groups end after 32 characters


@dataclass(frozen=True)
class PortPermission:
    """The user that writes the folder of a port, its group, and the users that may read it by the group."""

    port: str
    folder: str
    owner: str
    group: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class PermissionPlan:
    """The users of code locations by domain, and the permissions of each port, sorted."""

    users: Mapping[str, str]
    catalog_user: str
    ports: tuple[PortPermission, ...]


def plan_permissions(ports: Iterable[str], reads: Mapping[str, Iterable[str]], prefix: str) -> PermissionPlan:
    """Return the plan for the ports of a workspace.

    Args:
        ports: every port that has a contract in force.
        reads: by port, the ports that it declares as inputs or looks values up in.
        prefix: what the names of users and groups begin with.
    """
    names = sorted({parse_port_name(port) for port in ports})
    users = {domain: f"{prefix}{domain}" for domain in sorted({name.domain for name in names})}
    readers: dict[str, set[str]] = {}
    for reader, sources in reads.items():
        for source in sources:
            readers.setdefault(source, set()).add(users[parse_port_name(reader).domain])
    catalog = f"{prefix}{CATALOG_USER}"
    planned = tuple(
        PortPermission(
            str(name),
            f"ports/{name.folder}",
            users[name.domain],
            f"{prefix}{hashlib.sha256(name.numbered.encode()).hexdigest()[:_GROUP_DIGITS]}",
            tuple(sorted({*readers.get(str(name), set()), catalog} - {users[name.domain]})),
        )
        for name in names
    )
    return PermissionPlan(users, catalog, planned)


def permission_script(plan: PermissionPlan) -> str:
    """Return a shell script for root that makes users, groups, folders and permissions; it may be run again."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: PermissionPlan) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Users of code locations and permissions of ports, by the declarations of the workspace."
    yield "# Run as root, and again whenever a product or an input is added or removed, while no run is in progress."
    yield 'set -eu\nhome=${MESH_HOME:?the mesh home}\ninstall -d -m 0711 "$home" "$home/ports" "$home/access"'
    yield f'[ ! -f "$home/{LAST_EXPORTS}" ] || chmod 0644 "$home/{LAST_EXPORTS}"'
    for user in (*plan.users.values(), plan.catalog_user):
        yield f"id -u {user} >/dev/null 2>&1 || useradd --system --user-group --no-create-home {user}"
    for parent in PRIVATE_FOLDERS:
        yield f'install -d -m 0711 "$home/{parent}"'
    for domain, user in plan.users.items():
        yield f'install -d -m 0711 "$home/ports/{domain}"'
        for parent in PRIVATE_FOLDERS:
            yield f'install -d -m 0700 -o {user} -g {user} "$home/{parent}/{domain}"'
            yield f'chown -hR {user}:{user} "$home/{parent}/{domain}"'
    for port in plan.ports:
        yield from _port_lines(port)


def _port_lines(port: PortPermission) -> Iterator[str]:
    yield f"# {port.port}"
    yield f"getent group {port.group} >/dev/null || groupadd --system {port.group}"
    # The list replaces the members, so that a user whose input was removed loses it.
    yield f"gpasswd -M {','.join((port.owner, *port.readers))} {port.group} >/dev/null"
    parent = port.folder.rpartition("/")[0]
    # Folders above the port stay root's, so that no user can put a link where this script writes.
    yield f'install -d -m 0711 "$home/{parent}"'
    # With the set-group-id bit, files that are written later belong to the group, too.
    yield f'install -d -m 2750 -o {port.owner} -g {port.group} "$home/{port.folder}"'
    yield f'chown -hR {port.owner}:{port.group} "$home/{port.folder}"'
    yield f'find "$home/{port.folder}" -type d -exec chmod 2750 {{}} + -o -type f -exec chmod 0640 {{}} +'

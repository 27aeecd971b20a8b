"""Names that the shell completes: products, domains, landings and columns, read from file names and declarations.

A completion runs at each press of Tab: it imports no large library, and a workspace that cannot be read completes
nothing instead of printing an error.
"""

from __future__ import annotations

import os
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bankmesh.names import landing_asset, parse_port_name, readable_asset, split_major
from bankmesh.settings import current_settings
from bankmesh.workspace.domain_folders import declared_ports, domain_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SELECTS = "+"


def complete_words() -> None:
    """Print the completions that the shell requests, and nothing else, whatever happens."""
    with suppress(Exception), Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        from bankmesh.cli.command_table import COMMANDS, build_application

        command = typed_command(os.environ)
        app = build_application(COMMANDS, imported=()) if command is None else build_application(command)
        app(prog_name="mesh")


def typed_command(environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that is typed, in a list that is empty for an unknown one; None while it is being typed."""
    from bankmesh.cli.command_table import COMMANDS

    line = environment.get("_TYPER_COMPLETE_ARGS", "")  # zsh and fish: the line up to the cursor
    words = environment["COMP_WORDS"].split() if "COMP_WORDS" in environment else line.split()
    before = int(environment.get("COMP_CWORD") or len(words) - (not line.endswith(" ")))
    return None if before <= 1 else [name for name in COMMANDS if name == words[1]]


def complete_product(incomplete: str) -> list[str]:
    """Return the names of products, `retail.customer_360@2` among them."""
    return _starting(incomplete, _products)


def complete_domain(incomplete: str) -> list[str]:
    """Return the names of domains."""
    return _starting(incomplete, _domains)


def complete_card(incomplete: str) -> list[str]:
    """Return the names of what has a scorecard: domains and products."""
    return _starting(incomplete, _domains, _products)


def complete_source(incomplete: str) -> list[str]:
    """Return the names of products and landings."""
    return _starting(incomplete, _products, _landings)


def complete_selector(incomplete: str) -> list[str]:
    """Return the names of products and landings, behind the `+` that is typed."""
    before = _SELECTS if incomplete.startswith(_SELECTS) else ""
    return [f"{before}{name}" for name in complete_source(incomplete.removeprefix(_SELECTS))]


def complete_column(incomplete: str) -> list[str]:
    """Return the names of products or, behind the name of one, `domain.product.column`."""
    product = incomplete.rpartition(".")[0]
    return _starting(incomplete, _products, lambda root: [f"{product}.{name}" for name in _columns(root, product)])


def complete_column_list(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return lists that end with a column of the product that is named: `a,b` and each of the others."""
    before, comma, _ = incomplete.rpartition(",")
    chosen = before.split(",")
    # The parser has stopped at the option that lacks its value, and has assigned no argument yet.
    product = str(ctx.params.get("product") or next(iter(ctx.args), ""))
    return _starting(
        incomplete,
        lambda root: [f"{before}{comma}{name}" for name in _columns(root, product) if name not in chosen],
    )


def _starting(incomplete: str, *readers: Callable[[Path], Iterable[str]]) -> list[str]:
    """Return the names that begin as typed; none if the workspace cannot be read."""
    found: list[str] = []
    with suppress(Exception):
        root = current_settings().root
        for read in readers:
            with suppress(Exception):
                found += [name for name in read(root) if name.startswith(incomplete)]
    return found


def _products(root: Path) -> list[str]:
    return sorted(declared_ports(root))


def _domains(root: Path) -> list[str]:
    return [package.name for package in domain_packages(root)]


def _landings(root: Path) -> list[str]:
    """Return `system.object` of each landing, unless several domains have it, and then the full name of each."""
    found: list[str] = []
    brief: list[str] = []
    for package in domain_packages(root):
        for file in (package / "sources").glob("*.yaml"):
            with suppress(Exception):  # other declarations may be readable
                declared = _read(file)
                found += [landing_asset(package.name, declared["system"], name) for name in declared["objects"]]
                brief += [f"{declared['system']}.{name}" for name in declared["objects"]]
    return [*sorted(name for name in brief if brief.count(name) == 1), *sorted(map(readable_asset, found))]


def _columns(root: Path, product: str) -> list[str]:
    """Return the columns of a product as readers name it: without a major, of the newest active one."""
    name, major = split_major(product)
    majors: dict[tuple[bool, int], Any] = {}
    for port, file in declared_ports(root).items():
        declared = parse_port_name(port)
        if declared.product_id == name and major in {None, declared.major}:
            with suppress(Exception):  # another major may be readable
                contract = _read(file)
                majors[contract["status"] == "active", declared.major] = contract
    return [column["name"] for column in majors[max(majors)]["schema"][0]["properties"]]


def _read(file: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Read a file for its names alone. The strict readers, which name every fault, take too long for a Tab."""
    import yaml

    return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe

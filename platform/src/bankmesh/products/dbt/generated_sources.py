"""Files generated into a dbt project: source declarations, from contracts and `sources/*.yaml`, and macros.

`source('core_banking', 'trans')` is a landed legacy object of the domain, `source('retail', 'party')` a
published product of any domain. A source that the domain's files name and nothing declares gets a placeholder, because
dbt refuses to parse a whole domain for one such source. The placeholder has no columns and no table; a product that
reads it fails when it runs (`orphaned_products`), and `mesh contract check` reports it. The macros open the inputs of a
run and materialize a product. Generated folders ignore themselves in git.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.storage.atomic_files import walk_files, write_atomically
from bankmesh.workspace.product_consumers import source_calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.contracts.model import Contract
    from bankmesh.sources import LegacySystem
    from bankmesh.workspace.dbt_project_files import DbtProjectPlace

_HEADER = "# Generated from contracts and source declarations; changes are overwritten.\n"
_PLACEHOLDER = "Declared by no valid contract and no source declaration; a product that reads it is refused."
_READ_BY_DBT = frozenset({".sql", ".py", ".yml", ".yaml"})
_JINJA = re.compile(r"\{[{%#]|[}%#]\}")
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C where there is libyaml
_MACROS = Path(__file__).parent / "dbt_files" / "macros"


def write_dbt_inputs(place: DbtProjectPlace, systems: Iterable[LegacySystem], contracts: Iterable[Contract]) -> Path:
    """Write `models/_ports/<domain>/inputs.yml` and `macros/_bankmesh/`, only what changed; returns the first.

    Unchanged files keep dbt's partial parse usable.
    """
    target = place.generated_sources / "inputs.yml"
    document = dbt_sources(systems, contracts, named_sources(place))
    text = yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    _write(target, _HEADER + text)
    for file in sorted(_MACROS.glob("*.sql")):
        _write(place.generated_macros / file.name, file.read_text(encoding="utf-8"))
    for folder in (target.parent, place.generated_macros):
        _write(folder / ".gitignore", "*\n")
    return target


def _write(target: Path, text: str) -> None:
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, text, is_shared=True)


def named_sources(place: DbtProjectPlace) -> set[tuple[str, str]]:
    """Return schema and table of every `source()` with literal names in the files that dbt reads for a domain."""
    folders = [folder for folder in place.folders() if folder != place.generated_sources]
    files = {file for folder in folders for file in walk_files(folder) if file.suffix in _READ_BY_DBT}
    files -= set(walk_files(place.generated_sources))
    return {call for file in files for call in source_calls(file.read_text(encoding="utf-8", errors="replace"))}


def dbt_sources(
    systems: Iterable[LegacySystem], contracts: Iterable[Contract], named: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Return the document, in dbt's `sources` form; `named` sources get a placeholder unless they are declared."""
    landed = [
        {
            "name": system.name,
            "schema": system.name,
            "description": _plain(system.description),
            "tables": [
                {
                    "name": o.name,
                    "description": _plain(o.description),
                    "columns": [{"name": c.name, "description": _plain(c.description)} for c in o.columns],
                }
                for o in system.objects
            ],
        }
        for system in systems
    ]
    domains: dict[str, list[dict[str, Any]]] = {}
    for contract in sorted(contracts, key=lambda c: (c.domain, c.name, c.major)):
        domains.setdefault(contract.domain, []).append(_product_table(contract))
    published = [{"name": domain, "schema": domain, "tables": tables} for domain, tables in domains.items()]
    sources: list[dict[str, Any]] = [*landed, *published]
    _add_placeholders(sources, named)
    return {"version": 2, "sources": sources}


def _add_placeholders(sources: list[dict[str, Any]], named: Iterable[tuple[str, str]]) -> None:
    by_schema = {source["name"]: source for source in reversed(sources)}
    declared = {(source["name"], table["name"]) for source in sources for table in source["tables"]}
    for schema, table in sorted(set(named) - declared):
        if schema not in by_schema:
            by_schema[schema] = {"name": schema, "schema": schema, "tables": []}
            sources.append(by_schema[schema])
        by_schema[schema]["tables"].append({"name": table, "description": _PLACEHOLDER})


def _product_table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.port_name.table,
        "description": _plain(contract.table_description),
        "columns": [{"name": c.name, "description": _plain(c.description)} for c in contract.columns],
    }


def _plain(text: str | None) -> str:
    """Return a description that dbt does not render: one contract's braces would keep every domain from parsing."""
    return _JINJA.sub(lambda found: " ".join(found[0]), text or "")

"""Files of a new product, which starts with the keys of a product that it reads, so that it can be built unchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, UnknownName
from bankmesh.workspace.dbt_project_files import find_dbt_project, product_folder
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import Column, ColumnType, Contract
    from bankmesh.settings import Settings

KINDS = ("dbt", "polars")


class CannotScaffold(BankmeshError):
    """The new product cannot be scaffolded; nothing was written."""


@dataclass(frozen=True)
class NewProduct:
    """The requested product: `domain.name`, of a kind, reading the published product `source`."""

    domain: str
    name: str
    kind: str
    source: Contract

    @property
    def keys(self) -> tuple[Column, ...]:
        """The initial columns: the source's primary key, or its first column."""
        names = self.source.primary_key or (self.source.columns[0].name,)
        return tuple(self.source.column(name) for name in names)


def scaffold_product(settings: Settings, product: str, kind: str, source: str | None = None) -> list[Path]:
    """Write a new product's files and return them.

    Raises UnknownName for a domain or source that does not exist, CannotScaffold for an invalid or existing name.
    """
    domain, _, name = product.partition(".")
    packages = {path.name: path for path in domain_packages(settings.root)}
    if domain not in packages:
        raise UnknownName("domain", domain, packages)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or re.search(r"_v\d+$", name):
        rule = "use lower-case letters, digits and underscores, without a suffix such as _v2, which denotes a major"
        raise CannotScaffold(f"{name!r} is not a valid product name: {rule}.")
    found = _source(workspace_contracts(settings.root), domain, source)
    package = packages[domain]
    models = product_folder(find_dbt_project(settings.root, package), domain)
    planned = plan_files(NewProduct(domain, name, kind, found), package, models)
    write_files(planned)
    return list(planned)


def _source(contracts: Sequence[Contract], domain: str, named: str | None) -> Contract:
    if named:
        return find_contract(contracts, named, None)
    own = [contract for contract in contracts if contract.domain == domain]
    if not own:
        raise CannotScaffold(f"{domain} has no product to read. Name a product of another domain with --from.")
    return own[0]


def plan_files(new: NewProduct, package: Path, models: Path) -> dict[Path, str]:
    """Return the files of a new product with their text, a dbt model in the folder `models`; writes nothing."""
    values = _values(new)
    contract = package / "contracts" / f"{new.name}.odcs.yaml"
    planned = {contract: _render("contract.odcs.yaml", values)}
    if new.kind == "polars":
        folder = package / "defs" / new.name
        planned |= {
            folder / "defs.yaml": _render("defs.yaml", values),
            folder / "transform.py": _render("transform.py", values),
        }
    else:
        planned[models / f"{new.name}.sql"] = _render("model.sql", values)
    tests = package.parents[1] / "tests"
    planned[tests / f"test_{new.name}.py"] = _render(f"test_{new.kind}.py", values)
    return planned


def write_files(planned: dict[Path, str]) -> None:
    """Write the planned files. Raises CannotScaffold, and writes nothing, if one of the files already exists."""
    there = [str(path) for path in planned if path.exists()]
    if there:
        raise CannotScaffold(f"Nothing written: {', '.join(there)} already exists. Choose another name.")
    for path, text in planned.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _render(name: str, values: dict[str, str]) -> str:
    text = files("bankmesh.scaffolding").joinpath("templates", f"{name}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _values(new: NewProduct) -> dict[str, str]:
    keys = [column.name for column in new.keys]
    source = new.source
    return {
        "domain": new.domain,
        "name": new.name,
        "owner": f"{new.domain}-data",
        "grain": " and ".join(keys),
        "columns": "".join(_column(column, position) for position, column in enumerate(new.keys, start=1)),
        "parameter": f"{source.name}s" if not source.name.endswith(("s", "y")) else source.name,
        "source": source.port,
        "source_id": f"{source.domain}.{source.port_name.table}",
        "source_domain": source.domain,
        "source_name": source.port_name.table,
        "selected": ", ".join(f'"{key}"' for key in keys),
        "select_list": ",\n".join(f"    {key}" for key in keys),
        "order_list": ", ".join(keys),
        "sample": ", ".join(f'"{c.name}": pl.Series([{_sample(c.type)}])' for c in new.keys),
        "package": new.domain,
    }


def _column(column: Column, position: int) -> str:
    logical, physical = _odcs_type(column.type)
    lines = [f"      - name: {column.name}", f"        logicalType: {logical}"]
    lines += [f"        physicalType: {physical}"] if physical else []
    lines += [
        f"        description: {_one_line(column.description)}",
        f"        classification: {column.classification.label}",
        "        primaryKey: true",
        f"        primaryKeyPosition: {position}",
        "        required: true",
    ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _odcs_type(kind: ColumnType) -> tuple[str, str | None]:
    logical = {"long": "integer", "integer": "integer", "double": "number", "decimal": "number"}.get(
        kind.name, kind.name
    )
    physical = {"integer": "integer", "double": "double", "decimal": str(kind)}.get(kind.name)
    return logical, physical


def _sample(kind: ColumnType) -> str:
    samples = {"string": '"b", "a"', "date": "date(1994, 2, 1), date(1994, 1, 1)", "boolean": "True, False"}
    return samples.get(kind.name, "2, 1")

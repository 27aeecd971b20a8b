"""Files of a new product, which starts with the keys of the input that it reads, so that it can be built unchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.scaffold_input import CannotScaffold, find_input
from bankmesh.workspace.dbt_project_files import find_dbt_project, product_folder
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.contracts.model import ColumnType
    from bankmesh.scaffolding.scaffold_input import KeyColumn, ScaffoldInput
    from bankmesh.settings import Settings

__all__ = ["KINDS", "CannotScaffold", "NewProduct", "plan_files", "scaffold_product", "write_files"]

KINDS = ("dbt", "polars")
_LINE = 120


@dataclass(frozen=True)
class NewProduct:
    """The requested product: `domain.name`, of a kind, reading `source`."""

    domain: str
    name: str
    kind: str
    source: ScaffoldInput


def scaffold_product(settings: Settings, product: str, kind: str, source: str | None = None) -> list[Path]:
    """Write a new product's files and return them.

    `source` is a product, or a landing of the domain as `system.object`; without it, the domain's first product. Raises
    UnknownName for a domain or source that does not exist, CannotScaffold for an invalid or existing name.
    """
    domain, _, name = product.partition(".")
    packages = {path.name: path for path in domain_packages(settings.root)}
    if domain not in packages:
        raise UnknownName("domain", domain, packages)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or re.search(r"_v\d+$", name):
        rule = "use lower-case letters, digits and underscores, without a suffix such as _v2, which denotes a major"
        raise CannotScaffold(f"{name!r} is not a valid product name: {rule}.")
    package = packages[domain]
    found = find_input(settings, domain, package, source)
    models = product_folder(find_dbt_project(settings.root, package), domain)
    planned = plan_files(NewProduct(domain, name, kind, found), package, models)
    write_files(planned)
    return list(planned)


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
    source = new.source
    keys = [column.name for column in source.keys]
    return {
        "domain": new.domain,
        "name": new.name,
        "owner": f"{new.domain}-data",
        "grain": " and ".join(keys),
        "columns": "".join(_column(column, position) for position, column in enumerate(source.keys, start=1)),
        "parameter": source.parameter,
        "source": source.reference,
        "source_id": f"{source.schema}.{source.table}",
        "source_domain": source.schema,
        "source_name": source.table,
        "keys": _key_list(keys),
        "unique": "" if source.is_unique else ".unique()",
        "select_list": _select(keys, is_unique=source.is_unique),
        "order_list": ", ".join(keys),
        "sample": "".join(f'            "{column.name}": {_sample(column.type)},\n' for column in source.keys),
        "package": new.domain,
    }


def _key_list(keys: Sequence[str]) -> str:
    """Return the keys as a Python list, formatted as the formatter does."""
    quoted = ", ".join(f'"{key}"' for key in keys)
    line = f"KEYS = [{quoted}]"
    return line if len(line) <= _LINE else "KEYS = [\n" + "".join(f'    "{key}",\n' for key in keys) + "]"


def _select(keys: Sequence[str], *, is_unique: bool) -> str:
    """Return a `select` as the rules of the linter have it: one column in its line, several in a line each."""
    words = "select" if is_unique else "select distinct"
    return (
        f"{words} {keys[0]}"
        if len(keys) == 1
        else ",\n".join([f"{words}\n    {keys[0]}", *(f"    {k}" for k in keys[1:])])
    )


def _column(column: KeyColumn, position: int) -> str:
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
    """Return an expression for a series of two values of a type, the greater one first."""
    samples = {
        "string": 'pl.Series(["b", "a"])',
        "date": 'pl.Series(["1994-02-01", "1994-01-01"]).str.to_date()',
        "timestamp": 'pl.Series(["1994-02-01", "1994-01-01"]).str.to_datetime("%Y-%m-%d", time_zone="UTC")',
        "boolean": "pl.Series([True, False])",
    }
    return samples.get(kind.name, "pl.Series([2, 1])")

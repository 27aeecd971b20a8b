"""Explanations of an unresolved `ref()`: what the name is, and how to read it instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.products.dbt.faults.project_faults import RESOURCES

if TYPE_CHECKING:
    from bankmesh.products.dbt.jinja_calls import Call

SEEDS, SNAPSHOTS = RESOURCES["seed"], RESOURCES["snapshot"]


@dataclass(frozen=True)
class Reference:
    """The target of a `ref()`: `ref('party')`, `ref('party', v=2)`, `ref('project', 'party')`."""

    name: str
    project: str | None = None
    version: str | None = None

    @property
    def written(self) -> str:
        """The call as it is written in code."""
        parts = [f"'{part}'" for part in (self.project, self.name) if part is not None]
        return f"ref({', '.join([*parts, *([f'v={self.version}'] if self.version else [])])})"

    @property
    def table(self) -> str:
        """The name of the product of that name and version as a source."""
        return f"{self.name}_v{self.version}" if self.version not in {None, "1"} else self.name


def reference_of(call: Call) -> Reference | None:
    """Return the reference of a call of `ref`; None for another call, and for a computed name."""
    names = [argument for argument in call.arguments if isinstance(argument, str)]
    if call.name not in {"ref", "builtins.ref"} or len(names) < len(call.arguments) or len(names) not in {1, 2}:
        return None
    version = dict(call.keywords).get("v", dict(call.keywords).get("version"))
    return Reference(names[-1], names[0] if len(names) > 1 else None, None if version is None else str(version))


@dataclass(frozen=True)
class ReadableNames:
    """The names that a model of a domain may read, and those that a name in a `ref()` may have meant.

    Attributes:
        domain: the domain whose models these are.
        projects: its own dbt project, and the packages that are installed.
        models: the names that `ref()` resolves.
        products: of all domains, by domain and table.
        objects: legacy objects of the domain, by system and name.
        seeds: names of seeds in the project's files.
        snapshots: names of snapshots in them.
    """

    domain: str
    projects: frozenset[str]
    models: frozenset[str]
    products: frozenset[tuple[str, str]]
    objects: frozenset[tuple[str, str]]
    seeds: frozenset[str] = frozenset()
    snapshots: frozenset[str] = frozenset()


def explain_reference(reference: Reference, names: ReadableNames) -> str:
    """Return why a reference does not resolve, and what to write in its place."""
    if found := _as_source(reference, names):
        kind, schema, table = found
        return f"{reference.written}: {table} is {kind} {schema}; write source('{schema}', '{table}')"
    if reference.name in names.seeds:
        return f"{reference.written}: {reference.name} is a seed, and {SEEDS}"
    if reference.name in names.snapshots:
        return f"{reference.written}: {reference.name} is a snapshot, and {SNAPSHOTS}"
    if reference.project is not None:
        return (
            f"{reference.written}: there is no such model, and models of other projects are not read. Read a product "
            f"of another domain as published: source('<domain>', '{reference.name}')"
        )
    if reference.version is not None and reference.name in names.models:
        return f"{reference.written}: the model {reference.name} has no version {reference.version}"
    near = _near(reference, names)
    return f"{reference.written}: there is no model {reference.name} in the domain {names.domain}.{near}"


def _as_source(reference: Reference, names: ReadableNames) -> tuple[str, str, str] | None:
    """Return the product or legacy object that a reference means, those of its own domain first."""
    tables = {reference.table, reference.name} if reference.version is None else {reference.table}
    products = sorted(
        ((schema, table) for schema, table in names.products if table in tables),
        key=lambda found: (found[0] != reference.project, found[0] != names.domain, found),
    )
    if products:
        return ("a product of the domain", *products[0])
    objects = sorted((schema, table) for schema, table in names.objects if table in tables)
    return ("a legacy object of", *objects[0]) if objects else None


def _near(reference: Reference, names: ReadableNames) -> str:
    """Return a hint at the nearest model, else at the nearest product or legacy object as a source."""
    if hint := nearest(reference.name, names.models):
        return hint
    sources = {table: schema for schema, table in sorted(names.objects | names.products)}
    hint = nearest(reference.name, sources)
    table = hint.removeprefix(" Did you mean ").removesuffix("?")
    if not hint:
        return " Write its model, or read a product or legacy object with source()"
    return f" Did you mean source('{sources[table]}', '{table}')?"

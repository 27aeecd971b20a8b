"""A small workspace without Dagster: contracts, Delta logs and source declarations written by hand, and both databases."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import sqlalchemy as sa
from postgres_servers import start_postgres

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.contracts.parsing.contract_reader import find_faults
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype
from bankmesh.ports import Provenance, keep_contract, port_at
from bankmesh.ports.publication import COMMIT_KEY, EXPIRY_KEY, to_commit
from bankmesh.settings import Settings

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: {domain}.{name}
name: {name}
domain: {domain}
version: {version}
status: {status}
tags: [{tags}]
description:
  purpose: {purpose}
team:
  name: {owner}
support:
  - channel: {domain}-help
slaProperties:
  - {{property: freshness, value: 1, unit: d}}
customProperties:
  - {{property: productType, value: aggregate}}
{custom}schema:
  - name: {name}
    properties:
{columns}
"""
COLUMN = """\
- name: {name}
  logicalType: string
  description: {description}
  classification: {classification}
"""
TILL = """\
system: till
description: The till.
owner: till-team
folder: till
format: {delimiter: ",", quote: '"', encoding: utf-8, header: true}
objects:
  sale:
    description: One row for each sale.
    files: [sale.csv]
    columns:
      SALE_NO: {type: long, required: true, as: number, classification: internal, description: Number.}
      PAID: {type: "decimal(14,2)", required: true, as: paid, classification: confidential, description: Paid.}
"""


@dataclass(frozen=True)
class Col:
    """A column of a sample contract."""

    name: str
    description: str = "A column."
    classification: str = "internal"


@dataclass
class Samples:
    """A workspace and a home in one folder; time passes with each publication."""

    folder: Path
    clock: datetime = NOW - timedelta(days=10)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(self.folder / "workspace", self.folder / "home", self.folder / "exports")

    def package(self, domain: str) -> Path:
        folder = self.settings.root / "domains" / domain / "src" / domain
        (folder / "contracts").mkdir(parents=True, exist_ok=True)
        (folder / "definitions.py").touch()
        return folder

    def file(self, product: str, major: int = 1) -> Path:
        domain, name = product.split(".")
        suffix = "" if major == 1 else f".v{major}"
        return self.package(domain) / "contracts" / f"{name}{suffix}.odcs.yaml"

    def contract(self, product: str, *columns: Col, version: str = "1.0.0", **said: str) -> Path:
        """Write a contract; `said`: purpose, owner, tags, status, custom."""
        domain, name = product.split(".")
        texts = {"purpose": f"What {name} tells.", "owner": f"{domain}-data", "tags": "", "status": "active"}
        texts |= {"custom": ""} | said
        listed = "".join(COLUMN.format(**vars(column)) for column in columns or (Col("id"),))
        file = self.file(product, int(version[0]))
        text = CONTRACT.format(domain=domain, name=name, version=version, columns=indent(listed, " " * 6), **texts)
        file.write_text(text, encoding="utf-8")
        assert find_faults([file]) == ()
        return file

    def systems(self, domain: str, text: str = TILL) -> Path:
        file = self.package(domain) / "sources" / "till.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def publish(
        self,
        product: str,
        major: int = 1,
        inputs: dict[str, Any] | None = None,
        lineage: StepLineage | None = None,
        *,
        keeps_text: bool = True,
    ) -> int:
        """One more commit, under the contract as it stands; returns the version."""
        self.clock += timedelta(hours=1)
        port = port_at(self.settings.home, product, major)
        text = self.file(product, major).read_text(encoding="utf-8")
        provenance = Provenance(
            run_id="run",
            contract_version=next(line.split()[1] for line in text.splitlines() if line.startswith("version:")),
            code_version="code",
            inputs=inputs or {},
            partitions=None,
            gate={"counts": {"passed": 2, "warned": 1}, "clauses": []},
            contract_digest=keep_contract(port, text) if keeps_text else None,
            lineage=None if lineage is None else lineage.to_json(),
        )
        record = to_commit(port.app_id, "candidate", 10, 100, provenance)
        return self._commit(port.path, {COMMIT_KEY: record})

    def expire(self, product: str, first: int, major: int = 1) -> int:
        """Take versions before `first` away, as expiry does."""
        port = port_at(self.settings.home, product, major)
        version = self._commit(port.path, {EXPIRY_KEY: {"readable_from": first}})
        for old in range(first):
            (port.path / "_delta_log" / f"{old:020d}.json").unlink(missing_ok=True)
        return version

    def _commit(self, path: Path, info: dict[str, Any]) -> int:
        log = path / "_delta_log"
        log.mkdir(parents=True, exist_ok=True)
        version = 1 + max((int(file.stem) for file in log.glob("*.json")), default=-1)
        line = json.dumps({"commitInfo": {"timestamp": int(self.clock.timestamp() * 1000), **info}})
        (log / f"{version:020d}.json").write_text(line + "\n", encoding="utf-8")
        return version


def made_from(**columns: str | tuple[str, TransformationSubtype]) -> StepLineage:
    """The lineage of a step: each column from another, `a="shop.sale.paid"`, or with how it depends."""
    found = {}
    for name, said in columns.items():
        source, how = (said, TransformationSubtype.IDENTITY) if isinstance(said, str) else said
        dataset, _, column = source.rpartition(".")
        found[name] = frozenset({Dependency(ColumnRef(dataset, column), how)})
    return StepLineage(found)


def dump(catalog: Catalog) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the index but for when it was made, in an order of their own."""
    with catalog.reading() as connection:
        return {
            table.name: sorted(tuple(map(repr, row)) for row in connection.execute(sa.select(table)))
            for table in tables.metadata.sorted_tables
            if table is not tables.meta
        }


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory):
    """A real PostgreSQL server in a folder."""
    server = start_postgres(tmp_path_factory.mktemp("postgres"))
    # Nothing here has to outlive a power cut.
    server.psql("alter system set fsync = off;\nselect pg_reload_conf();")
    yield server
    server.cleanup()


def fresh_database(server: Any) -> str:
    """The URL of an empty database on the server."""
    count = int(server.psql("select count(*) from pg_database;").split("\n")[2])
    server.psql(f"create database catalog_{count};")
    return str(server.get_uri(f"catalog_{count}"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on each of the two."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    return fresh_database(request.getfixturevalue("postgres"))


@pytest.fixture
def catalog(database: str):
    """An open catalog on each of the two databases."""
    with Catalog(database) as opened:
        yield opened


@pytest.fixture
def sqlite_catalog(tmp_path: Path):
    """An open catalog where the database is not what matters."""
    with Catalog(f"sqlite:///{tmp_path / 'catalog.db'}") as opened:
        yield opened


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """An empty workspace."""
    made = Samples(tmp_path / "samples")
    made.settings.root.mkdir(parents=True)
    return made

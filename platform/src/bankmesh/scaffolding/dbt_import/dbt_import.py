"""The import of a foreign dbt project: what plain dbt makes of it becomes a plan of the files of a domain."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from bankmesh.scaffolding.dbt_import.class_flow import ClassFlow
from bankmesh.scaffolding.dbt_import.contract_drafts import ContractDraft, contract_findings, contract_text
from bankmesh.scaffolding.dbt_import.data_test_drafts import ModelClauses, clauses_of_tests
from bankmesh.scaffolding.dbt_import.domain_files import plan_domain_files
from bankmesh.scaffolding.dbt_import.foreign_project import ForeignProject
from bankmesh.scaffolding.dbt_import.import_names import ImportNames
from bankmesh.scaffolding.dbt_import.import_plan import RECORD, ImportPlan
from bankmesh.scaffolding.dbt_import.import_report import ImportFinding, report_text
from bankmesh.scaffolding.dbt_import.model_files import (
    in_utc,
    local_timestamps,
    macro_findings,
    macro_text,
    model_findings,
    model_text,
    place_of,
    properties_text,
    read_text,
    singular_tests,
)
from bankmesh.scaffolding.dbt_import.plain_dbt import CannotImportDbt, PlainBuild, build_plainly
from bankmesh.scaffolding.dbt_import.project_files import (
    macro_files,
    package_files,
    project_findings,
    project_text,
)
from bankmesh.scaffolding.dbt_import.source_drafts import (
    SourceTable,
    declaration_text,
    landing_step_text,
    source_findings,
)
from bankmesh.scaffolding.dbt_import.source_files import (
    external_location,
    find_source_file,
    read_expression,
    zero_led_columns,
)
from bankmesh.scaffolding.dbt_import.table_facts import TableFacts, read_shapes, read_table, relation_of
from bankmesh.workspace.dbt_project_files import declared_paths
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bankmesh.scaffolding.dbt_import.foreign_project import ForeignModel
    from bankmesh.settings import Settings

REPORT = "IMPORT.md"


@dataclass(frozen=True)
class ImportRequest:
    """What is imported: the folder of a dbt project, into which domain, with which data.

    Attributes:
        project: the folder that holds `dbt_project.yml`.
        domain: the domain, which may be new.
        data: a folder with the tables of dbt's sources, if they are not seeds or external files.
        products: the models that become products; empty where naming and folders decide.
        keep_rows: whether the database that plain dbt made is kept, for a comparison.
    """

    project: Path
    domain: str
    data: Path | None = None
    products: Collection[str] = ()
    keep_rows: bool = False


@dataclass(frozen=True)
class DbtImport:
    """The plan of an import, what it found, and the database that plain dbt made."""

    plan: ImportPlan
    findings: tuple[ImportFinding, ...]
    products: tuple[str, ...]
    plain: Path
    is_new_domain: bool


def plan_import(settings: Settings, request: ImportRequest) -> DbtImport:
    """Build the project with plain dbt and plan the files of the domain; the workspace is not written.

    Raises CannotScaffold if the domain cannot be written, CannotImportDbt if the project cannot be read, or no model
    becomes a product.
    """
    files_of_domain = plan_domain_files(settings.root, request.domain)
    scratch = settings.home / "imports" / request.domain
    try:
        return _plan(settings, request, scratch, files_of_domain)
    except duckdb.Error as error:  # its message may quote values
        raise CannotImportDbt(f"DuckDB cannot read the data of {request.project}: {type(error).__name__}.") from None
    finally:
        if not request.keep_rows:
            shutil.rmtree(scratch, ignore_errors=True)


def _plan(settings: Settings, request: ImportRequest, scratch: Path, files_of_domain: Mapping[Path, str]) -> DbtImport:
    built = build_plainly(request.project, scratch, request.data)
    foreign = ForeignProject(built.manifest, frozenset(request.products))
    _require_models(foreign, request)
    packages = {path.name for path in domain_packages(settings.root)} - {request.domain}
    names = ImportNames(foreign, request.domain, packages)
    with duckdb.connect(str(built.database), read_only=True) as connection:
        _attach_others(connection, scratch)
        return _Importer(settings, request, built, foreign, names, connection).plan(files_of_domain)


def _require_models(foreign: ForeignProject, request: ImportRequest) -> None:
    known = {model.name for model in foreign.models.values()}
    if unknown := sorted(set(request.products) - known):
        raise CannotImportDbt(f"{unknown[0]} is no model of {request.project}; its models: {', '.join(sorted(known))}.")
    if not foreign.products:
        raise CannotImportDbt(
            f"No model of {request.project} is a product by name or folder: name them with --product."
        )


def _attach_others(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    for file in sorted(scratch.glob("*.duckdb")):
        if file.stem != "plain":
            connection.execute(f"attach '{file}' as \"{file.stem}\" (read_only)")


class _Importer:
    """One import, over the open database of plain dbt."""

    def __init__(
        self,
        settings: Settings,
        request: ImportRequest,
        built: PlainBuild,
        foreign: ForeignProject,
        names: ImportNames,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.settings, self.request, self.built = settings, request, built
        self.foreign, self.names, self.connection = foreign, names, connection
        self.lost = foreign.unsupported()
        self.clauses, test_findings = clauses_of_tests(foreign)
        self.findings = [*test_findings, *project_findings(request.project, foreign)]
        self.facts: dict[str, TableFacts] = {}
        self.texts: dict[Path, str] = {}
        self.copies: dict[Path, Path] = {}
        self.folder = settings.root / "domains" / request.domain
        self.package = self.folder / "src" / request.domain

    def plan(self, files_of_domain: Mapping[Path, str]) -> DbtImport:
        """Return the plan of all files."""
        root, domain = self.settings.root, self.request.domain
        is_new = self.package not in domain_packages(root)
        tables = self._sources()
        products = self._contracts(tables)
        self._models()
        self._project()
        report = report_text(self.foreign.name, domain, self.findings)
        self.texts[self.folder / "dbt" / REPORT] = report
        self.texts[self.folder / "dbt" / ".gitignore"] = "dbt_packages/\nlogs/\ntarget/\n"
        record = self.folder / "dbt" / RECORD
        plan = ImportPlan(root, record, self.texts, self.copies, files_of_domain)
        return DbtImport(plan, tuple(self.findings), tuple(products), self.built.database, is_new)

    def _sources(self) -> list[SourceTable]:
        tables = [table for node in (*self.foreign.seeds, *self.foreign.sources) if (table := self._table(node))]
        by_system: dict[str, list[SourceTable]] = {}
        for table in tables:
            by_system.setdefault(self.names.object(table.node)[0], []).append(table)
            step = self.names.landing_step(table.node)
            self.texts[self.folder / "dbt/models/landings" / f"{step}.sql"] = landing_step_text(self.names, table)
            self.findings += source_findings(self.names, table)
        for system, found in by_system.items():
            file = self.package / "sources" / f"{system}.yaml"
            self.texts[file] = declaration_text(self.connection, self.names, system, found)
            for table in found:
                if table.file is not None:
                    self.copies[self.settings.exports / system / table.file.name] = table.file
        return tables

    def _table(self, node: Mapping[str, Any]) -> SourceTable | None:
        if node["resource_type"] == "seed":
            file: Path | None = self.request.project / node["original_file_path"]
        else:
            file = find_source_file(node, self.request.project, self.request.data)
        relation = relation_of(node)
        facts = read_table(self.connection, relation)
        if facts is None and file is not None:
            relation = read_expression(file)
            facts = read_table(self.connection, relation)
        if facts is None:
            documented = node.get("columns") or {}
            facts = TableFacts({name: str(c.get("data_type") or "VARCHAR") for name, c in documented.items()}, 1)
        subject = f"{node.get('source_name', 'seed')}.{node['name']}"
        if not facts.columns:
            action = "no data, no columns in schema.yml: declare it in sources/, and write the model of its landing"
            self.findings.append(ImportFinding("left out", "source", subject, action))
            return None
        tested = self.clauses.get(node["unique_id"], ModelClauses()).columns
        required = frozenset(c for c in facts.columns if c in tested and tested[c].required)
        allowed = tuple((c, tuple(q["values"])) for c in facts.columns if c in tested for q in tested[c].quality)
        if message := self.built.failed.get(node["unique_id"]):
            self.findings.append(ImportFinding("review", "source without data", subject, message))
        if file is not None:
            numbers = (c for c in zero_led_columns(self.connection, file) if facts.columns.get(c) != "VARCHAR")
            action = "values begin with zeros, which dbt drops: if they are codes, declare a string, and cast none"
            self.findings += [ImportFinding("review", "type", f"{subject}.{column}", action) for column in numbers]
        shapes = read_shapes(self.connection, relation, facts)
        return SourceTable(node, file, facts, required, allowed, shapes)

    def _contracts(self, tables: list[SourceTable]) -> list[str]:
        ordered = self.foreign.in_order()
        facts = {
            model.unique_id: found
            for model in ordered
            if (found := read_table(self.connection, relation_of(model.node))) is not None
        }
        in_place = {
            str(source["relation_name"]): relation_of(source)
            for source in self.foreign.sources
            if external_location(source) and source.get("relation_name")
        }
        flow = ClassFlow(in_place)
        for table in tables:
            flow.add_table(table.node, table.facts, {column: table.class_of(column) for column in table.columns})
        for model in ordered:
            flow.add_model(model, facts.get(model.unique_id))
        self.facts = facts
        products: list[str] = []
        for model in self.foreign.products:
            if model.unique_id in self.lost:
                continue
            clauses = self.clauses.get(model.unique_id, ModelClauses())
            draft = ContractDraft(
                self.foreign,
                self.request.domain,
                model,
                facts.get(model.unique_id),
                clauses,
                flow.classes[model.unique_id],
            )
            if not draft.columns:
                action = "it was not built and schema.yml has no columns: write its contract (`mesh new product`)"
                self.findings.append(ImportFinding("left out", "model", str(model.path), action))
                continue
            self.texts[self.package / "contracts" / draft.port.contract_file] = contract_text(draft)
            self.findings += contract_findings(draft)
            products.append(str(draft.port))
        return products

    def _models(self) -> None:
        paths = declared_paths(self.request.project, "model-paths")
        for model in self.foreign.models.values():
            if message := self.built.failed.get(model.unique_id):
                self.findings.append(ImportFinding("review", "not built by plain dbt", str(model.path), message))
            if reason := self.lost.get(model.unique_id):
                action = f"{reason}: rewrite it over the landing, and import again"
                self.findings.append(ImportFinding("left out", "model", str(model.path), action))
                continue
            self._model(model, paths)
        for path, text in singular_tests(self.foreign, self.clauses, self.names):
            self.texts[self.folder / "dbt" / path] = text

    def _model(self, model: ForeignModel, paths: Collection[str]) -> None:
        text = read_text(self.request.project, model.path)
        place = self.folder / "dbt" / place_of(model, paths)
        rewritten = model_text(text, model, self.names)
        self.findings += model_findings(text, model)
        if model.is_product and (local := local_timestamps(self.facts.get(model.unique_id))):
            rewritten = in_utc(rewritten, local)
            action = f"{', '.join(local)} had no time zone, and is taken as UTC at the end of the model"
            self.findings.append(ImportFinding("changed", "timestamp", str(model.path), action))
        self.texts[place] = rewritten
        clauses = self.clauses.get(model.unique_id) if model.is_product else None
        if properties := properties_text(self.foreign, model, clauses, self.names):
            self.texts[place.with_suffix(".yml")] = properties

    def _project(self) -> None:
        project = self.request.project
        self.texts[self.folder / "dbt/dbt_project.yml"] = project_text(project, self.foreign.name)
        for path, file in macro_files(project, self.foreign):
            text = file.read_text(encoding="utf-8", errors="replace")
            self.findings += macro_findings(text, file.relative_to(project).as_posix())
            if (rewritten := macro_text(text, self.names)).strip():
                self.texts[self.folder / "dbt" / path] = rewritten
        for path, file in package_files(project):
            self.copies[self.folder / "dbt" / path] = file

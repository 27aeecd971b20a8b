"""A foreign dbt project built by plain dbt-duckdb, in a process and a database of its own.

Types, keys and nulls of the imported products come from the rows that plain dbt makes. Nothing is written into the
foreign project. As a module this is the process that runs dbt: `python -m ... REQUEST.json`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from bankmesh.scaffolding.dbt_import.source_files import find_source_file, read_expression, zero_led_columns
from bankmesh.scaffolding.product_scaffold import CannotScaffold
from bankmesh.sql_text import sql_name
from bankmesh.workspace.dbt_project_files import packages_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROFILE, _TARGET = "bankmesh_import", "dev"
DATABASE = "plain"
"""The name of the database: the stem of its file."""


class CannotImportDbt(CannotScaffold):
    """The dbt project cannot be imported; nothing was written into the workspace."""


@dataclass(frozen=True)
class PlainBuild:
    """What plain dbt made of a project.

    Attributes:
        manifest: dbt's manifest, with compiled SQL.
        database: the DuckDB file with every seed, source and model that could be built.
        failed: unique id → first line of dbt's message, of what could not be built.
    """

    manifest: Mapping[str, Any]
    database: Path
    failed: Mapping[str, str]


@dataclass(frozen=True)
class _Request:
    project: str
    scratch: str
    data: str | None


def build_plainly(project: Path, scratch: Path, data: Path | None) -> PlainBuild:
    """Run `dbt build` without tests on a project, with its seeds, and with the tables of its sources found in `data`.

    Raises CannotImportDbt if the project is none, lacks its packages or does not parse.
    """
    _require_project(project)
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / f"{DATABASE}.duckdb").unlink(missing_ok=True)
    request = scratch / "request.json"
    written = _Request(str(project.resolve()), str(scratch.resolve()), str(data.resolve()) if data else None)
    request.write_text(json.dumps(asdict(written)), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")}
    done = subprocess.run(  # noqa: S603 - this module, by this Python
        [sys.executable, "-m", __name__, str(request)],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise CannotImportDbt(f"dbt cannot read {project}: {lines[-1] if lines else 'it reported nothing'}")
    manifest = json.loads((scratch / "target" / "manifest.json").read_text(encoding="utf-8"))
    failed = json.loads((scratch / "failed.json").read_text(encoding="utf-8"))
    return PlainBuild(manifest, scratch / f"{DATABASE}.duckdb", failed)


def _require_project(project: Path) -> None:
    if not (project / "dbt_project.yml").is_file():
        raise CannotImportDbt(f"{project} holds no dbt_project.yml. Name the folder of a dbt project.")
    declared = [name for name in ("packages.yml", "dependencies.yml") if _has_packages(project / name)]
    if declared and not packages_folder(project).is_dir():
        raise CannotImportDbt(
            f"{project / declared[0]} names packages that are not installed. "
            f"Run `dbt deps --project-dir {project}` first."
        )


def _has_packages(file: Path) -> bool:
    return file.is_file() and bool((yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("packages"))


# --- The process that runs dbt ---------------------------------------------------------------------------------------


def run_request(file: Path) -> int:
    """Parse, load the tables of sources, and build; returns the exit code."""
    from dbt.cli.main import dbtRunner

    request = _Request(**json.loads(file.read_text(encoding="utf-8")))
    scratch = Path(request.scratch)
    _write_profile(scratch, ())
    parsed = dbtRunner().invoke(["parse", *_arguments(request)])
    if not parsed.success:
        sys.stderr.write(" ".join(str(parsed.exception or "see dbt's log").split()) + "\n")
        return 1
    manifest = json.loads((scratch / "target" / "manifest.json").read_text(encoding="utf-8"))
    unread = _load_sources(manifest, request)
    words = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--full-refresh"]
    built = dbtRunner(manifest=_without_hooks(parsed.result)).invoke([*words, *_arguments(request)])
    results = getattr(built.result, "results", None) or ()
    failed = {
        result.node.unique_id: failure_text(str(result.status), str(result.message or ""))
        for result in results
        if str(result.status) not in {"success", "pass", "no-op"}
    }
    (scratch / "failed.json").write_text(json.dumps(unread | failed), encoding="utf-8")
    _keep_rows(scratch / f"{DATABASE}.duckdb")
    return 0


def failure_text(status: str, message: str) -> str:
    """Return what may be shown of a failure: an error about the query whole, of others only the kind.

    Errors about data, such as a failed conversion, quote values.
    """
    if status == "skipped":
        return "not built, because what it reads was not"
    text = " ".join(message.split())
    if found := re.search(r"\b(?:Binder|Parser|Catalog|Compilation) Error\b.*", text):
        return found[0]
    kind = re.search(r"\b(?!Runtime|Database)[A-Z]\w+(?: [A-Z]\w+)? (?:Error|Exception)\b", text)
    return f"{kind[0] if kind else 'an error'}; run `dbt build` in the project to see it"


def _keep_rows(database: Path) -> None:
    """Make tables of the views, which may read files by paths that only this working folder has."""
    with duckdb.connect(str(database)) as connection:
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
        for view in views:
            name, kept = ".".join(map(sql_name, view)), sql_name(f"{view[1]}__rows")
            with suppress(duckdb.Error):  # such a model is reported as not built
                connection.execute(f"create table {sql_name(view[0])}.{kept} as from {name}")
                connection.execute(f"drop view {name}")
                connection.execute(f"alter table {sql_name(view[0])}.{kept} rename to {sql_name(view[1])}")


def _without_hooks(manifest: Any) -> Any:  # noqa: ANN401 - dbt's own Manifest, not public
    """Return dbt's manifest without hooks, which act on another warehouse and change no row of a model."""
    for unique_id, node in list(manifest.nodes.items()):
        if str(node.resource_type) == "operation":
            del manifest.nodes[unique_id]
        elif hasattr(node.config, "post_hook"):
            node.config.pre_hook = node.config.post_hook = []
    return manifest


def _arguments(request: _Request) -> list[str]:
    target = f"{request.scratch}/target"
    return [
        *("--project-dir", request.project, "--profiles-dir", request.scratch, "--profile", _PROFILE),
        *("--target", _TARGET, "--target-path", target, "--log-path", f"{request.scratch}/logs"),
        *("--log-level", "none", "--quiet", "--no-use-colors", "--no-send-anonymous-usage-stats"),
    ]


def _write_profile(scratch: Path, attached: tuple[str, ...]) -> None:
    output: dict[str, Any] = {"type": "duckdb", "path": str(scratch / f"{DATABASE}.duckdb"), "threads": 1}
    output["settings"] = {"TimeZone": "UTC"}
    if attached:
        output["attach"] = [{"path": str(scratch / f"{name}.duckdb"), "alias": name} for name in attached]
    profile = {_PROFILE: {"target": _TARGET, "outputs": {_TARGET: output}}}
    (scratch / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")


def _load_sources(manifest: Mapping[str, Any], request: _Request) -> dict[str, str]:
    """Create the tables of dbt's sources from their files; returns those that cannot be read, without values."""
    others: set[str] = set()
    unread: dict[str, str] = {}
    for source in manifest["sources"].values():
        database = str(source["database"] or DATABASE)
        if database != DATABASE:
            others.add(database)
        found = find_source_file(source, Path(request.project), Path(request.data) if request.data else None)
        if found is None:
            continue
        schema, table = sql_name(source["schema"]), sql_name(source["identifier"])
        with duckdb.connect(str(Path(request.scratch) / f"{database}.duckdb")) as connection:
            connection.execute(f"create schema if not exists {schema}")
            try:
                read = read_expression(found, zero_led_columns(connection, found))
                connection.execute(f"create or replace table {schema}.{table} as from {read}")
            except duckdb.Error as error:  # its message may quote a line of the file
                unread[source["unique_id"]] = f"DuckDB cannot read {found.name}: {type(error).__name__}"
    if others:
        _write_profile(Path(request.scratch), tuple(sorted(others)))
    return unread


if __name__ == "__main__":
    sys.exit(run_request(Path(sys.argv[1])))

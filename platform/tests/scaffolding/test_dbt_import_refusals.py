"""A dbt project that cannot be imported is refused with the reason, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from foreign_projects import write_project

from bankmesh.scaffolding.dbt_import.dbt_import import ImportRequest, plan_import
from bankmesh.scaffolding.dbt_import.domain_files import plan_domain_files
from bankmesh.scaffolding.dbt_import.plain_dbt import CannotImportDbt, failure_text
from bankmesh.scaffolding.product_scaffold import CannotScaffold
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

OWN = "type: bankmesh.DbtDataProducts\nattributes:\n  project: {project}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "workspace.yaml").write_text("load_from:\n")
    return Settings(root, root / ".mesh", root / "exports")


def test_a_folder_without_a_dbt_project(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CannotImportDbt, match=r"holds no dbt_project\.yml"):
        plan_import(settings, ImportRequest(tmp_path, "cafe"))


def test_packages_that_are_not_installed(settings: Settings, tmp_path: Path) -> None:
    packages = "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"
    project = write_project(tmp_path / "project", {"dbt_project.yml": "name: x\n", "packages.yml": packages})
    with pytest.raises(CannotImportDbt, match="dbt deps"):
        plan_import(settings, ImportRequest(project, "cafe"))


def test_a_name_that_is_no_domain(settings: Settings) -> None:
    with pytest.raises(CannotScaffold, match="not a valid domain"):
        plan_domain_files(settings.root, "Corner-Cafe")


@pytest.mark.parametrize(("named", "is_refused"), [("domains/cafe/dbt", False), ("elsewhere/models", True)])
def test_a_domain_has_one_dbt_project(settings: Settings, named: str, is_refused: bool) -> None:
    package = settings.root / "domains/cafe/src/cafe"
    component = {"definitions.py": "", "defs/dbt_products/defs.yaml": OWN.format(project=named)}
    write_project(package, component)
    if not is_refused:
        assert plan_domain_files(settings.root, "cafe") == {}
        return
    with pytest.raises(CannotImportDbt, match=r"builds its dbt products from elsewhere/models"):
        plan_domain_files(settings.root, "cafe")


def test_a_domain_without_dbt_products_gets_the_component(settings: Settings) -> None:
    write_project(settings.root / "domains/cafe/src/cafe", {"definitions.py": ""})
    ((path, text),) = plan_domain_files(settings.root, "cafe").items()
    assert path.as_posix().endswith("domains/cafe/src/cafe/defs/dbt_products/defs.yaml")
    assert "project: domains/cafe/dbt" in text


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Runtime Error in model m (models/m.sql) Binder Error: column a not found",
            "Binder Error: column a not found",
        ),
        (
            "Runtime Error in model m (models/m.sql) Conversion Error: Could not convert string 'Ann Novak' to INT32",
            "Conversion Error; run `dbt build` in the project to see it",
        ),
        ("Ann Novak is no number", "an error; run `dbt build` in the project to see it"),
    ],
)
def test_a_failure_of_plain_dbt_shows_no_value(message: str, shown: str) -> None:
    assert failure_text("error", message) == shown

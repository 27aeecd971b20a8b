"""Removal of domains: the inverse of `mesh new domain`, once every product is retired and nobody refers to one."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import pytest
from folder_contents import contents
from shop_workspace import CONTRACTS, REPOSITORY, at_stage, contract_text, write_workspace

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.domain_deregistration import (
    deregister_in_compose,
    deregister_in_project,
    deregister_location,
)
from bankmesh.scaffolding.domain_scaffold import create_domain
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused
from bankmesh.scaffolding.workspace_changes.domain_removal import plan_domain_removal
from bankmesh.settings import Settings
from bankmesh.workspace.location_modules import location_modules
from bankmesh.workspace.workspace_contracts import workspace_contracts

LISTS = ("workspace.yaml", "pyproject.toml", "deploy/workspace.yaml", "deploy/compose.yaml", "deploy/all-processes.sh")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The lists of this repository, its dbt project, and its domains without products."""
    root = tmp_path / "bank"
    for name in (*LISTS, "dbt_project/dbt_project.yml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    for name in ("customer_service", "investment", "retail"):
        (root / f"domains/{name}/src/{name}").mkdir(parents=True)
        (root / f"domains/{name}/src/{name}/definitions.py").touch()
    return Settings(root=root, home=tmp_path / "home", exports=tmp_path / "exports")


def test_a_new_domain_is_removed_without_trace(settings: Settings) -> None:
    before = contents(settings.root)
    create_domain(settings.root, "treasury")
    assert contents(settings.root).keys() > before.keys()
    plan_domain_removal(settings, "treasury").write()
    assert contents(settings.root) == before
    assert not (settings.root / "domains/treasury").exists()
    assert not (settings.root / "dbt_project/models/treasury").exists()
    assert os.access(settings.root / "deploy/all-processes.sh", os.X_OK)


def test_a_domain_between_others_is_removed_and_they_stay(settings: Settings) -> None:
    for name in ("treasury", "treasury_risk", "payments"):
        create_domain(settings.root, name)
    plan_domain_removal(settings, "treasury").write()
    assert list(location_modules(settings.root))[-2:] == ["treasury_risk", "payments"]
    for name in LISTS:
        text = (settings.root / name).read_text().lower()
        assert "treasury_risk" in text
        assert "treasury" not in text.replace("treasury_risk", ""), name
    plan_domain_removal(settings, "treasury_risk").write()
    plan_domain_removal(settings, "payments").write()
    for name in LISTS:
        assert (settings.root / name).read_bytes() == (REPOSITORY / name).read_bytes(), name


def test_a_domain_whose_products_are_in_use_is_not_removed(settings: Settings) -> None:
    write_workspace(settings.root / "shops")
    shops = Settings(root=settings.root / "shops", home=settings.home, exports=settings.exports)
    with pytest.raises(
        ChangeRefused, match=r"it has products: shop\.customer_spend@1 \(active\), .*First retire or remove each"
    ):
        plan_domain_removal(shops, "shop")
    with pytest.raises(UnknownName, match=r"There is no domain shp\. Did you mean shop"):
        plan_domain_removal(shops, "shp")


def retire_all(root: Path) -> None:
    for name in CONTRACTS:
        path = root / f"domains/shop/src/shop/contracts/{name}.odcs.yaml"
        path.write_text(at_stage(contract_text(name), "retired"))


def test_the_contracts_of_retired_products_stay_as_the_record(tmp_path: Path) -> None:
    shops = Settings(root=tmp_path / "bank", home=tmp_path / "home", exports=tmp_path / "exports")
    write_workspace(shops.root)
    retire_all(shops.root)
    (shops.home / "archive/shop").mkdir(parents=True)
    plan = plan_domain_removal(shops, "shop")
    plan.write()
    assert set(contents(shops.root)) == {
        "workspace.yaml",
        "dbt_project/dbt_project.yml",
        *(f"domains/shop/src/shop/contracts/{name}.odcs.yaml" for name in CONTRACTS),
    }
    assert location_modules(shops.root) == {}
    assert len(workspace_contracts(shops.root)) == len(CONTRACTS)
    assert f"What was published or landed stays: {shops.home / 'archive/shop'}." in plan.notes


def test_a_domain_that_others_refer_to_is_not_removed(tmp_path: Path) -> None:
    shops = Settings(root=tmp_path / "bank", home=tmp_path / "home", exports=tmp_path / "exports")
    write_workspace(shops.root)
    retire_all(shops.root)
    kiosk = shops.root / "domains/kiosk/src/kiosk"
    kiosk.mkdir(parents=True)
    (kiosk / "definitions.py").touch()
    model = shops.root / "dbt_project/models/kiosk/news.sql"
    model.parent.mkdir(parents=True)
    model.write_text("select 1\nfrom {{ source('shop', 'sale') }}\n")
    with pytest.raises(
        ChangeRefused, match=r"other domains refer to its products, in dbt_project/models/kiosk/news\.sql:2"
    ):
        plan_domain_removal(shops, "shop")


def test_lists_that_do_not_name_the_domain_stay() -> None:
    text = 'a = ["retail", "treasury_risk"]\nb = "(retail|treasury)"\nc = "(left|treasury)"\n'
    assert deregister_in_project(text, "treasury", {"retail"}) == text.replace("(retail|treasury)", "(retail)")
    locations = "load_from:\n  # The treasury.\n  - python_module: treasury.definitions\n  - python_file: other.py\n"
    assert deregister_location(locations, "treasury") == "load_from:\n  - python_file: other.py\n"
    assert deregister_location(locations, "retail") == locations


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ('x = [\n  "retail",\n  "treasury",\n  "cards",\n]\n', 'x = [\n  "retail",\n  "cards",\n]\n'),
        ('x = [\n  "treasury",\n]\n', "x = [\n]\n"),
        ('x = ["treasury" ,"cards"]\n', 'x = ["cards"]\n'),
        ("x = ['cards', 'treasury']\n", "x = ['cards']\n"),
        ('a = 1\n[[tool.dg.workspace.projects]]\npath = "domains/treasury"\n', "a = 1\n"),
    ],
)
def test_lists_in_any_layout_stay_toml(text: str, rest: str) -> None:
    edited = deregister_in_project(text, "treasury", {"cards"})
    assert edited == rest
    assert tomllib.loads(edited)


def test_a_service_with_empty_lines_leaves_none_of_its_lines() -> None:
    text = "services:\n  treasury:\n    image: a\n\n    command: b\n\n  web:\n    image: c\n"
    assert deregister_in_compose(text, "treasury") == "services:\n\n  web:\n    image: c\n"


def test_a_domain_whose_code_another_one_imports_is_not_removed(settings: Settings) -> None:
    create_domain(settings.root, "treasury")
    reader = settings.root / "domains/retail/src/retail/rates.py"
    reader.write_text("import json\nfrom treasury.defs import rates\n")
    with pytest.raises(ChangeRefused, match=r"in domains/retail/src/retail/rates\.py:2\. Remove"):
        plan_domain_removal(settings, "treasury")


@pytest.mark.parametrize("is_link", [True, False])
def test_files_that_are_not_the_domains_own_are_not_removed(settings: Settings, tmp_path: Path, is_link: bool) -> None:
    create_domain(settings.root, "treasury")
    if is_link:
        (settings.root / "domains/treasury/data").symlink_to(tmp_path)
    else:
        (settings.root / "domains/treasury/.git").mkdir()
    with pytest.raises(ChangeRefused, match="link to another folder" if is_link else "a git repository of its own"):
        plan_domain_removal(settings, "treasury")

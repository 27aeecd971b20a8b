"""A code version changes with whatever makes the product, and with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from shop_workspace import contract_text, write_workspace

from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.components.polars_product import _code_version
from bankmesh.products.code.code_versions import fingerprint_texts, imported_files
from bankmesh.products.dbt.dbt_code_versions import model_code_version
from bankmesh.products.dbt.dbt_models import find_models, load_manifest, profile_file
from bankmesh.products.dbt.generated_sources import write_dbt_inputs
from bankmesh.products.domain_package import read_domain
from bankmesh.workspace.dbt_project_files import DbtProjectPlace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose files the tests change; nothing of it is imported."""
    root = tmp_path_factory.mktemp("code_versions")
    source = write_workspace(root)
    (root / "dbt_project/macros/shop").mkdir(parents=True)
    (root / "dbt_project/macros/shop/taxes.sql").write_text("{% macro net(x) %} {{ half(x) }} {% endmacro %}\n")
    (root / "dbt_project/macros/shop/half.sql").write_text("{% macro half(x) %} {{ x }} / 2 {% endmacro %}\n")
    (root / "dbt_project/macros/shop/unused.sql").write_text("{% macro unused() %} 1 {% endmacro %}\n")
    staging = root / "dbt_project/models/shop/staging/stg_till__sales.sql"
    staging.write_text(staging.read_text().replace("amount\n", "{{ net('amount') }} as amount\n"))
    domain = read_domain(source / "shop")
    write_dbt_inputs(_place(root), domain.systems, domain.contracts)
    return root


def _place(root: Path) -> DbtProjectPlace:
    return DbtProjectPlace(root / "dbt_project", "shop", root / "target")


def _dbt_version(root: Path) -> str:
    manifest = load_manifest(_place(root))
    contract = read_contract(root / "domains/shop/src/shop/contracts/monthly_sale.odcs.yaml")
    return model_code_version(manifest, find_models(manifest)["monthly_sale"], contract)


DBT_CHANGES = {
    "the model": "dbt_project/models/shop/products/monthly_sale.sql",
    "a staging model": "dbt_project/models/shop/staging/stg_till__sales.sql",
    "a macro": "dbt_project/macros/shop/taxes.sql",
    "a macro of a macro": "dbt_project/macros/shop/half.sql",
    "the materialisation": "dbt_project/macros/_bankmesh/product.sql",
    "the contract": "domains/shop/src/shop/contracts/monthly_sale.odcs.yaml",
}
DBT_OTHERS = {
    "another model": "dbt_project/models/shop/products/customer_spend.sql",
    "a macro it does not use": "dbt_project/macros/shop/unused.sql",
    "another contract": "domains/shop/src/shop/contracts/sale.odcs.yaml",
}
COMMENTS = {".sql": ("select", "select /* changed */"), ".yaml": ("description:", "# changed\ndescription:")}


def _change(path: Path) -> None:
    text = path.read_text()
    if path.parts[-3] == "macros":
        path.write_text(text.replace("%}", "%}{# changed #}", 1))
    else:
        old, new = COMMENTS[path.suffix]
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("file", [pytest.param(f, id=n) for n, f in DBT_CHANGES.items()])
def test_a_dbt_products_version_changes_with(workspace: Path, file: str) -> None:
    before = _dbt_version(workspace)
    text = (workspace / file).read_text()
    _change(workspace / file)
    assert _dbt_version(workspace) != before
    (workspace / file).write_text(text)


def test_a_dbt_products_version_stays_while_others_change(workspace: Path) -> None:
    before = _dbt_version(workspace)
    for file in DBT_OTHERS.values():
        _change(workspace / file)
    assert _dbt_version(workspace) == before


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A domain's package: a transform that imports a helper, which imports another; and one nobody imports."""
    files = {
        "shop/__init__.py": "",
        "shop/helpers.py": "from shop.deep import rate\n",
        "shop/deep.py": "rate = 1\n",
        "shop/alone.py": "x = 1\n",
        "shop/defs/__init__.py": "",
        "shop/defs/sale/transform.py": "import polars as pl\nfrom shop import helpers\nfrom .near import y\n",
        "shop/defs/sale/near.py": "y = 1\n",
        "shop/contracts/sale.odcs.yaml": contract_text("sale"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "shop"


def _imported(package: Path) -> set[str]:
    found = imported_files(package / "defs/sale/transform.py", package)
    return {str(file.relative_to(package)) for file in found}


def test_helpers_count_however_far_away_they_are(package: Path) -> None:
    counted = {"defs/sale/transform.py", "defs/sale/near.py", "helpers.py", "deep.py"}
    assert counted <= _imported(package)
    assert "alone.py" not in _imported(package)


def test_modules_that_import_each_other_end_the_walk(package: Path) -> None:
    (package / "deep.py").write_text("import shop.helpers\n")
    assert {"helpers.py", "deep.py"} <= _imported(package)


POLARS_CHANGES = (
    "defs/sale/transform.py",
    "defs/sale/near.py",
    "helpers.py",
    "deep.py",
    "contracts/sale.odcs.yaml",
)


def _polars_version(package: Path) -> str:
    contract = read_contract(package / "contracts/sale.odcs.yaml")
    return _code_version(contract, imported_files(package / "defs/sale/transform.py", package), {"sales": "till.sale"})


@pytest.mark.parametrize("file", POLARS_CHANGES)
def test_a_polars_products_version_changes_with(package: Path, file: str) -> None:
    before = _polars_version(package)
    (package / file).write_text((package / file).read_text() + "# changed\n")
    assert _polars_version(package) != before


def test_a_polars_products_version_stays_while_others_change(package: Path) -> None:
    before = _polars_version(package)
    (package / "alone.py").write_text("x = 2\n")
    (package / "defs/sale/notes.md").write_text("x\n")
    assert _polars_version(package) == before


def test_line_ends_do_not_matter() -> None:
    assert fingerprint_texts(["a\r\nb"]) == fingerprint_texts(["a\nb"])


def test_where_one_text_ends_matters() -> None:
    assert fingerprint_texts(["ab", "c"]) != fingerprint_texts(["a", "bc"])


PYTHON_STEP = """\
import shop.rates


def model(dbt, session):
    return dbt.source("till", "sale").project("sale_id, sold_on, amount")
"""


def test_a_python_model_and_what_it_imports_change_the_version(tmp_path: Path) -> None:
    source = write_workspace(tmp_path)
    staging = tmp_path / "dbt_project/models/shop/staging"
    (staging / "stg_till__sales.sql").unlink()
    step, rates = staging / "stg_till__sales.py", source / "shop/rates.py"
    step.write_text(PYTHON_STEP)
    rates.write_text("VAT = 20\n")
    domain = read_domain(source / "shop")
    write_dbt_inputs(_place(tmp_path), domain.systems, domain.contracts)
    versions = [_dbt_version(tmp_path)]
    step.write_text(PYTHON_STEP + "# changed\n")
    versions.append(_dbt_version(tmp_path))
    rates.write_text("VAT = 21\n")
    versions.append(_dbt_version(tmp_path))
    assert len(set(versions)) == 3


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dbt_project.yml", "models:\n", "quoting: {identifier: false}\n\nmodels:\n"),
        ("profiles.yml", "        TimeZone: UTC\n", "        TimeZone: UTC\n        integer_division: true\n"),
    ],
)
def test_a_setting_of_the_project_that_can_change_rows_changes_the_version(
    workspace: Path, file: str, old: str, new: str
) -> None:
    path = workspace / "dbt_project" / file
    if not path.exists():
        shutil.copy(profile_file(path.parent), path)
    text = path.read_text()
    before = _dbt_version(workspace)
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert _dbt_version(workspace) != before
    path.write_text(text)
    assert _dbt_version(workspace) == before


def test_a_library_of_the_bank_counts_with_its_packages_and_relative_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without `__init__.py` at its top, as Python allows."""
    texts = {
        "ratebank/fees/__init__.py": "FACTOR = 1\n",
        "ratebank/fees/tables.py": "from .more import numbers\n",
        "ratebank/fees/more/__init__.py": "",
        "ratebank/fees/more/numbers.py": "",
        "ratebank/other.py": "",
        "till_domain/transform.py": "import polars\nimport json\nimport ratebank.fees.tables\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = imported_files(tmp_path / "till_domain/transform.py", tmp_path / "till_domain")
    assert {file.relative_to(tmp_path).as_posix() for file in found} == texts.keys() - {"ratebank/other.py"}

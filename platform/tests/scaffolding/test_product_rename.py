"""New names in place, of products of which nothing is promised: every file that refers to them, and no other name."""

from __future__ import annotations

import functools
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from folder_contents import contents
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from shop_workspace import CONTRACTS, contract_text, write_workspace

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.product_scaffold import CannotScaffold, scaffold_product
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused
from bankmesh.scaffolding.workspace_changes.rename_decision import RenameRecord, plan_product_rename
from bankmesh.settings import Settings

SHOP = "domains/shop/src/shop"
MODELS = "dbt_project/models/shop"
RECORD = RenameRecord("shop-data", date(2026, 1, 2), None, None)


def settings_of(folder: Path) -> Settings:
    return Settings(root=folder / "bank", home=folder / "home", exports=folder / "exports")


def make_drafts(settings: Settings) -> None:
    for path in (settings.root / SHOP / "contracts").glob("*.odcs.yaml"):
        path.write_text(path.read_text().replace("status: active", "status: draft"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shop, all of whose products are drafts."""
    found = settings_of(tmp_path)
    write_workspace(found.root)
    make_drafts(found)
    return found


def rename(settings: Settings, old: str, new: str) -> None:
    plan_product_rename(settings, old, new, RECORD).write()


@pytest.mark.parametrize("kind", ["dbt", "polars"])
@pytest.mark.parametrize("source", ["shop.sale", "till.sale"])
def test_a_renamed_scaffold_is_the_scaffold_of_the_new_name(settings, tmp_path: Path, kind: str, source: str) -> None:
    other = settings_of(tmp_path / "other")
    shutil.copytree(settings.root, other.root)
    scaffold_product(settings, "shop.sale_list", kind, source)
    rename(settings, "shop.sale_list", "receipt")
    scaffold_product(other, "shop.receipt", kind, source)
    assert contents(settings.root) == contents(other.root)
    assert not (settings.root / SHOP / "defs/sale_list").exists()


def test_readers_follow_and_names_that_are_alike_stay(settings: Settings) -> None:
    """`sale` is also a landing, a column's prefix, the end of `monthly_sale`, and the beginning of `sale_list`."""
    scaffold_product(settings, "shop.sale_list", "polars", "shop.sale")
    defs = settings.root / SHOP / "defs/sale_list/defs.yaml"
    defs.write_text(
        defs.read_text()
        + "    # as of shop.sale; not till.sale\n    more: 'shop.sale@1'   # kept\n    landed: till.sale\n"
    )
    before = contents(settings.root)
    plan = plan_product_rename(settings, "shop.sale", "purchase", RECORD)
    (note,) = plan.notes
    assert note.startswith(
        "Contracts that refer to it change: sale_list.odcs.yaml, top_customer.odcs.yaml. Raise their"
    )
    plan.write()
    after = contents(settings.root)

    moved = {
        f"{SHOP}/contracts/sale.odcs.yaml": f"{SHOP}/contracts/purchase.odcs.yaml",
        f"{SHOP}/defs/sale/defs.yaml": f"{SHOP}/defs/purchase/defs.yaml",
        f"{SHOP}/defs/sale/transform.py": f"{SHOP}/defs/purchase/transform.py",
    }
    assert after.keys() == before.keys() - moved.keys() | set(moved.values())
    edited = {
        new: (before[old].decode(), after[new].decode())
        for old, new in ({name: name for name in before if name not in moved} | moved).items()
        if before[old] != after[new]
    }
    expected = {
        f"{SHOP}/contracts/purchase.odcs.yaml": [
            ("id: shop.sale\n", "id: shop.purchase\n"), ("\nname: sale\n", "\nname: purchase\n"), ("- name: sale\n", "- name: purchase\n"),
        ],
        f"{SHOP}/defs/purchase/defs.yaml": [("contract: sale", "contract: purchase"), (".transform:sale", ".transform:purchase")],
        f"{SHOP}/defs/purchase/transform.py": [("def sale(", "def purchase(")],
        f"{SHOP}/contracts/top_customer.odcs.yaml": [("to: sale.sale_id", "to: purchase.sale_id")],
        f"{MODELS}/products/customer_spend.sql": [("source('shop', 'sale')", "source('shop', 'purchase')")],
    }  # fmt: skip
    scaffolded = {name for name in edited if "sale_list" in name}
    assert f"{SHOP}/defs/sale_list/defs.yaml" in scaffolded
    for name in scaffolded:
        old, new = edited.pop(name)
        assert new == re.sub(r"\bshop\.sale\b", "shop.purchase", old), name
    assert edited.keys() == expected.keys()
    for name, (old, new) in edited.items():
        assert new == functools.reduce(lambda text, pair: text.replace(*pair), expected[name], old), name


def test_a_draft_is_renamed_where_contracts_permit_it_to_read(settings: Settings) -> None:
    scaffold_product(settings, "shop.sale_list", "dbt", "shop.sale")
    sale = settings.root / SHOP / "contracts/sale.odcs.yaml"
    permits = (
        "  - {property: purposes, value: [shop, shop.sale_list]}\n"  # a purpose that is called as the product
        "  - {property: consumers, value: [shop.sale_list, shop.sale_list@2]}\n  - property: derivationGrants\n    value:\n"
        "      - {product: shop.sale_list, columns: [sale_id], lifts: [rows], by: x, date: '2026-01-01', why: Because.}\n"
    )
    sale.write_text(sale.read_text().replace("customProperties:\n", f"customProperties:\n{permits}", 1))
    before = sale.read_text()
    plan_product_rename(settings, "shop.sale_list", "receipt", RECORD).write()
    expected = before.replace("shop.sale_list,", "shop.receipt,")
    assert sale.read_text() == expected
    assert expected.count("shop.receipt") == 2
    assert "value: [shop, shop.sale_list]}" in expected


def test_dbt_code_and_its_yaml_follow_and_what_dbt_does_not_read_stays(settings: Settings) -> None:
    files = {
        f"{MODELS}/products/notes.yml": "models:\n  - name: monthly_sale  # of shop.monthly_sale\n    columns: [{name: monthly_sale}]\n"
        'exposures:\n  - name: report\n    depends_on:\n      - ref(\'monthly_sale\')\n      - source("shop", "monthly_sale")\n'
        "unit_tests:\n  - name: monthly_sale\n    model: monthly_sale\n    given:\n      - input: ref('stg_till__sales')\n",
        "dbt_project/tests/shop/months.sql": "select 1 from {{ ref( 'monthly_sale' ) }} as monthly_sale\n",
        "dbt_project/macros/shop/m.sql": "{% macro m() %}{{ source(\n'shop','monthly_sale') }}{% endmacro %}\n",
        f"{MODELS}/staging/stg.sql": "{# ref('monthly_sale') #}{% raw %}{{ ref('monthly_sale') }}{% endraw %}\nselect * from {{ ref('monthly_sale_x') }}\n",
    }
    for name, text in files.items():
        (settings.root / name).parent.mkdir(parents=True, exist_ok=True)
        (settings.root / name).write_text(text)
    component = settings.root / SHOP / "defs/dbt_products/defs.yaml"
    component.write_text(
        "type: bankmesh.DbtDataProducts\nattributes:\n  repeatable: {monthly_sale: true, customer_spend: true}\n"
    )
    rename(settings, "shop.monthly_sale", "shop.by_month")
    assert (settings.root / MODELS / "products/notes.yml").read_text() == (
        "models:\n  - name: by_month  # of shop.by_month\n    columns: [{name: monthly_sale}]\n"
        "exposures:\n  - name: report\n    depends_on:\n      - ref('by_month')\n      - source('shop', 'by_month')\n"
        "unit_tests:\n  - name: monthly_sale\n    model: by_month\n    given:\n      - input: ref('stg_till__sales')\n"
    )
    assert (
        settings.root / "dbt_project/tests/shop/months.sql"
    ).read_text() == "select 1 from {{ ref('by_month') }} as monthly_sale\n"
    assert "source('shop', 'by_month')" in (settings.root / "dbt_project/macros/shop/m.sql").read_text()
    assert (settings.root / MODELS / "staging/stg.sql").read_text() == files[f"{MODELS}/staging/stg.sql"]
    assert "{by_month: true, customer_spend: true}" in component.read_text()
    assert (settings.root / MODELS / "products/by_month.sql").exists()


def test_python_follows_where_it_means_the_product(settings: Settings) -> None:
    test = settings.root / "domains/shop/tests/test_all.py"
    test.parent.mkdir()
    test.write_text(
        '"""About shop.opening_hour."""\n'
        "from shop.defs.opening_hour import transform as hours\n"
        "from shop.defs.opening_hour.transform import opening_hour\n"
        "from shop.defs.opening_hour_list import transform  # not shop.opening_hours\n\n\n"
        "def test_it(get):\n"
        '    opening_hours = get("shop", "opening_hour"), get("shop.opening_hour"), get("till.opening_hour"), "opening_hour"\n'
        "    assert opening_hour(1) == hours.opening_hour(1) == opening_hours.opening_hour == transform.opening_hour\n"
    )
    rename(settings, "shop.opening_hour", "open_time")
    assert test.read_text() == (
        '"""About shop.open_time."""\n'
        "from shop.defs.open_time import transform as hours\n"
        "from shop.defs.open_time.transform import open_time\n"
        "from shop.defs.opening_hour_list import transform  # not shop.opening_hours\n\n\n"
        "def test_it(get):\n"
        '    opening_hours = get("shop", "open_time"), get("shop.open_time"), get("till.opening_hour"), "opening_hour"\n'
        "    assert open_time(1) == hours.open_time(1) == opening_hours.opening_hour == transform.opening_hour\n"
    )


@pytest.mark.parametrize(
    "code",
    [
        "def opening_hour(hours):\n    opening_hour = hours\n    return opening_hour\n",
        "def opening_hour(hours):\n    return open_time(hours)\n\n\ndef open_time(hours):\n    return hours\n",
        "from .opened import open_time\n\n\ndef opening_hour(hours):\n    return hours.select(open_time)\n",
    ],
)
def test_a_function_keeps_its_name_if_one_of_the_two_means_something_else(settings: Settings, code: str) -> None:
    transform = settings.root / SHOP / "defs/opening_hour/transform.py"
    transform.write_text(code)
    rename(settings, "shop.opening_hour", "open_time")
    assert (settings.root / SHOP / "defs/open_time/transform.py").read_text() == code
    assert "transform: .transform:opening_hour" in (settings.root / SHOP / "defs/open_time/defs.yaml").read_text()


@pytest.mark.parametrize("use", ["    open_time = opening_hour(1)\n", "    assert opening_hour(opening_hour=1)\n"])
def test_a_test_that_uses_one_of_the_names_for_something_else_imports_the_function_under_its_old_one(
    settings, use
) -> None:
    test = settings.root / "domains/shop/tests/test_all.py"
    test.parent.mkdir()
    head = "from shop.defs.{}.transform import build, {}\n\n\ndef test_it():\n"
    test.write_text(head.format("opening_hour", "opening_hour") + use)
    rename(settings, "shop.opening_hour", "open_time")
    assert test.read_text() == head.format("open_time", "open_time as opening_hour") + use


def test_all_majors_of_a_draft_are_renamed_together(settings: Settings) -> None:
    contracts = settings.root / SHOP / "contracts"
    text = contract_text("customer_spend").replace("1.0.0", "2.0.0").replace("status: active", "status: proposed")
    (contracts / "customer_spend.v2.odcs.yaml").write_text(text)
    models = settings.root / MODELS / "products"
    (models / "customer_spend_v2.sql").write_text("select * from {{ source('shop', 'customer_spend_v2_old') }}\n")
    (models / "top_customer.sql").write_text(
        "select * from {{ source('shop', 'customer_spend_v2') }}, {{ ref('customer_spend', v=2) }}\n"
    )
    with pytest.raises(ChangeRefused, match="all majors of a draft are renamed together"):
        plan_product_rename(settings, "shop.customer_spend@2", "spending", RECORD)
    rename(settings, "shop.customer_spend", "spending")
    assert (models / "spending_v2.sql").exists()
    assert "id: shop.spending\n" in (contracts / "spending.v2.odcs.yaml").read_text()
    assert (
        models / "top_customer.sql"
    ).read_text() == "select * from {{ source('shop', 'spending_v2') }}, {{ ref('spending', v=2) }}\n"


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        ("shop.sale", "monthly_sale", ChangeRefused, "the name monthly_sale is taken in shop"),
        ("shop.sale", "receipt", ChangeRefused, "the name receipt is taken in shop"),
        ("shop.sale", "sale", ChangeRefused, "the name sale is taken in shop"),
        ("shop.sale", "till.purchase", ChangeRefused, "till.purchase is in another domain"),
        ("shop.sale", "Purchase", CannotScaffold, "'Purchase' is not a valid product name"),
        ("shop.sale", "purchase_v2", CannotScaffold, "denotes a major"),
        ("shop.sale", "purchase__x", CannotScaffold, "single underscores"),
        ("shop.sale", "../sale2", CannotScaffold, "not a valid product name"),
        ("shop.sales", "purchase", UnknownName, "Did you mean shop.sale"),
        ("shop.sale@3", "purchase", UnknownName, "There is no product shop.sale@3"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(settings, old: str, new: str, error, told: str) -> None:
    (settings.root / MODELS / "staging/receipt.sql").write_text("select 1 as one\n")
    with pytest.raises(error, match=told):
        plan_product_rename(settings, old, new, RECORD)


def test_a_folder_with_the_new_name_is_not_overwritten(settings: Settings) -> None:
    there = settings.root / SHOP / "defs/purchase/notes.py"
    there.parent.mkdir()
    there.write_text("# somebody's work\n")
    before = contents(settings.root)
    with pytest.raises(ChangeRefused, match=r"defs/purchase exists already"):
        rename(settings, "shop.sale", "purchase")
    assert contents(settings.root) == before


def test_a_relative_import_of_its_module_is_left_to_a_person(settings: Settings) -> None:
    (settings.root / SHOP / "defs/opening_hour/names.py").write_text("from .transform import opening_hour\n")
    plan_product_rename(settings, "shop.opening_hour", "open_time", RECORD)
    (settings.root / SHOP / "defs/sale/more.py").write_text("from ..opening_hour.names import opening_hour\n")
    with pytest.raises(
        ChangeRefused, match=r"more\.py:1 imports its module relatively\. Write `from shop\.defs\.opening_hour"
    ):
        plan_product_rename(settings, "shop.opening_hour", "open_time", RECORD)


def test_marks_and_line_ends_of_windows_stay(settings: Settings) -> None:
    contract = settings.root / SHOP / "contracts/top_customer.odcs.yaml"
    contract.write_bytes(b"\xef\xbb\xbf" + contract.read_bytes().replace(b"\n", b"\r\n"))
    model = settings.root / MODELS / "products/top_customer.sql"
    model.write_bytes(model.read_bytes().replace(b"\n", b"\r\n"))
    before = contract.read_bytes(), model.read_bytes()
    rename(settings, "shop.customer_spend", "spending")
    rename(settings, "shop.top_customer", "best")
    after = (settings.root / SHOP / "contracts/best.odcs.yaml").read_bytes()
    assert after == before[0].replace(b"top_customer", b"best")
    after = (settings.root / MODELS / "products/best.sql").read_bytes()
    assert after == before[1].replace(b"customer_spend", b"spending")


def test_a_file_that_cannot_be_read_is_not_passed_over(settings: Settings) -> None:
    model = settings.root / MODELS / "products/top_customer.sql"
    model.write_bytes(model.read_bytes() + b"-- Gr\xf6\xdfe\n")
    with pytest.raises(ChangeRefused, match=r"top_customer\.sql is not UTF-8, so it cannot be edited"):
        plan_product_rename(settings, "shop.customer_spend", "spending", RECORD)


def test_a_draft_that_another_domain_reads_is_not_renamed(settings: Settings) -> None:
    kiosk = settings.root / "domains/kiosk/src/kiosk"
    (kiosk / "defs/news").mkdir(parents=True)
    (kiosk / "definitions.py").touch()
    (kiosk / "defs/news/defs.yaml").write_text(
        "type: bankmesh.PolarsDataProduct\nattributes:\n  contract: news\n  inputs:\n    s: shop.sale\n"
    )
    with pytest.raises(
        ChangeRefused,
        match=r"other domains read: domains/kiosk/src/kiosk/defs/news/defs\.yaml:5\. Move it to active first",
    ):
        plan_product_rename(settings, "shop.sale", "purchase", RECORD)


NAMES = st.from_regex(r"[a-z]{1,6}(?:_[a-z0-9]{1,4}x)?", fullmatch=True) | st.sampled_from(
    ["sal", "sale_id", "sales", "def", "shop", "name"]
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = settings_of(tmp_path_factory.mktemp("shop"))
    write_workspace(found.root)
    make_drafts(found)
    return found


@examples(max_examples=6)
@given(st.sampled_from(sorted(CONTRACTS)), NAMES.filter(lambda name: name not in CONTRACTS))
@example("sale", "sales")
def test_renaming_back_gives_every_file_as_it_was(shop: Settings, product: str, name: str) -> None:
    before = contents(shop.root)
    rename(shop, f"shop.{product}", name)
    changed = contents(shop.root)
    assert f"{SHOP}/contracts/{name}.odcs.yaml" in changed
    assert f"{SHOP}/contracts/{product}.odcs.yaml" not in changed
    rename(shop, f"shop.{name}", product)
    assert contents(shop.root) == before


@pytest.mark.parametrize("code", ["from shop.defs import sale", "import shop.defs.sale.transform as made"])
def test_an_import_of_its_folder_is_left_to_a_person(settings: Settings, code: str) -> None:
    (settings.root / "domains/shop/tests").mkdir(exist_ok=True)
    (settings.root / "domains/shop/tests/test_more.py").write_text(f"import json\n{code}\n")
    with pytest.raises(
        ChangeRefused, match=r"test_more\.py:2 imports its folder\. Write `from shop\.defs\.sale\.MODULE"
    ):
        rename(settings, "shop.sale", "purchase")


def test_a_function_in_an_f_string_still_has_its_name(settings: Settings) -> None:
    test = settings.root / "domains/shop/tests/test_more.py"
    test.parent.mkdir(exist_ok=True)
    test.write_text("from shop.defs.sale.transform import sale\n\ntext = f'{sale(1)}'\n")
    rename(settings, "shop.sale", "purchase")
    assert test.read_text() == "from shop.defs.purchase.transform import purchase as sale\n\ntext = f'{sale(1)}'\n"

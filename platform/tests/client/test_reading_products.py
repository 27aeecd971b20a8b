"""The client: a product at a version, in every form it can be read in."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from shop_workspace import SALES, changed, write_exports

from bankmesh import DataMeshClient
from bankmesh.catalog.recorded_reads import recorded_use
from bankmesh.client.notebook_tables import ProductList, html_table
from bankmesh.errors import NotPublished, UnknownName
from bankmesh.workspace.consistent_cuts import BadMoment, NotPublishedThen

if TYPE_CHECKING:
    from shop_mesh import Mesh


@pytest.fixture
def client(published: Mesh) -> DataMeshClient:
    """A client of a mesh in which everything is published once."""
    return DataMeshClient(published.settings.root, published.settings.home)


def test_a_product_tells_what_it_is(client: DataMeshClient) -> None:
    product = client.get_data_product("shop", "sale")
    assert (product.id, product.version, product.rows) == ("shop.sale", 0, 4)
    assert [column.name for column in product.columns][:3] == ["sale_id", "customer_id", "sold_on"]
    assert (datetime.now(UTC) - product.published_at).total_seconds() < 3600
    assert repr(product) == "DataProduct('shop.sale', version=0, rows=4)"


def test_a_product_in_a_notebook_shows_its_columns_and_no_value(client: DataMeshClient) -> None:
    shown = client.get_data_product("shop", "sale")._repr_html_()
    assert shown.startswith("<table><caption>shop.sale, version 0, 4 rows, published ")
    assert "<td>amount</td><td>decimal(18,2)</td>" in shown
    assert "135.75" not in shown
    assert not [sale for sale in SALES if f">{sale.amount}<" in shown or sale.sold_on in shown]


def test_products_in_a_prompt_and_a_notebook(client: DataMeshClient, tmp_path) -> None:
    products = client.products()
    first, *lines = repr(products).splitlines()
    assert first == "5 products"
    assert [line.split()[0] for line in lines] == [state.contract.port for state in products]
    assert [line.split()[1:3] for line in lines if line.startswith("shop.sale ")] == [["0", "4"]]
    assert max(map(len, lines)) < 80
    assert repr(products[3]) == "ProductStatus('shop.sale', version=0, rows=4, freshness='fresh')"
    shown = products._repr_html_()
    assert shown.count("<tr>") == 6
    assert "<td>shop.sale</td><td>0</td><td>4</td>" in shown
    assert [*products, *products] == products + products
    fresh = DataMeshClient(client._settings.root, tmp_path / "fresh").products("shop")
    assert repr(fresh).splitlines()[1].split() == ["shop.customer_spend", "-", "-", "never", "never"]


def test_a_long_list_is_shown_in_part_and_nothing_is_markup(client: DataMeshClient) -> None:
    many = ProductList(client.products() * 20)
    assert repr(many).splitlines()[::61] == ["100 products", "and 40 more"]
    assert "100 products and 40 more" in many._repr_html_()
    assert repr(ProductList()) == "0 products"
    assert html_table("a<b", ("c",), [("<script>",)]).count("&lt;") == 2


def test_the_same_rows_in_every_form(client: DataMeshClient) -> None:
    product = client.get_data_product("shop", "sale")
    expected = {"sale_id": 3, "customer_id": 2, "sold_on": date(2024, 2, 1), "amount": Decimal("5.25")}
    lazy = product.scan()
    assert isinstance(lazy, pl.LazyFrame)
    one = lazy.filter(pl.col("sale_id") == 3).collect().to_dicts()[0]
    assert expected.items() <= one.items()
    assert expected.items() <= product.to_polars().sort("sale_id").to_dicts()[2].items()
    table = product.to_arrow()
    assert table.schema.field("amount").type == pa.decimal128(18, 2)
    assert expected.items() <= table.sort_by("sale_id").to_pylist()[2].items()
    frame = product.to_pandas().sort_values("sale_id")
    assert frame["amount"].tolist() == [Decimal(sale.amount) for sale in SALES]
    assert str(frame["sold_on"].dtype) == "date32[day][pyarrow]"


def test_sql_over_a_product(client: DataMeshClient) -> None:
    answer = client.get_data_product("shop", "sale").sql("select sum(amount) as total, count(*) as n from product")
    assert answer.to_dicts() == [{"total": Decimal("135.75"), "n": 4}]


def test_use_is_recorded_with_the_columns_that_are_read(client: DataMeshClient, published: Mesh) -> None:
    product = client.get_data_product("shop", "sale")
    product.to_polars(["amount"])
    product.sql("select count(*) filter (where amount > 9) as n from product where sale_id > 1")
    assert [use.columns for use in recorded_use(published.settings.home)] == [("amount",), ("sale_id", "amount")]


def test_an_older_version_stays_what_it_was(client: DataMeshClient, published: Mesh) -> None:
    opened_before = client.get_data_product("shop", "sale")
    write_exports(published.settings.exports, changed(4, amount="1.00"))
    assert published.run("till.sale", "sale").success
    newest = client.get_data_product("shop", "sale")
    assert newest.version == 1
    assert newest.sql("select sum(amount) as total from product").item() == Decimal("36.75")
    for old in (opened_before, client.get_data_product("shop", "sale", version=0)):
        assert old.version == 0
        assert old.to_polars()["amount"].sum() == Decimal("135.75")
        assert old.sql("select sum(amount) as total from product").item() == Decimal("135.75")


def test_history_is_newest_first_with_where_each_version_comes_from(client: DataMeshClient, published: Mesh) -> None:
    run = published.run("customer_spend")
    newest, oldest = client.history("shop.customer_spend")
    assert (newest["version"], oldest["version"]) == (1, 0)
    assert newest["run_id"] == run.run_id
    assert newest["inputs"] == {"shop.sale": 0}
    assert newest["gate"]["counts"]["failed"] == 0
    assert datetime.fromisoformat(newest["published_at"]).tzinfo is not None


def test_names_that_do_not_exist_are_answered_with_the_nearest(client: DataMeshClient) -> None:
    with pytest.raises(UnknownName, match=r"There is no product shop.sal\. Did you mean shop.sale\?"):
        client.get_data_product("shop", "sal")
    with pytest.raises(UnknownName, match=r"There is no domain shpo\. Did you mean shop"):
        client.products("shpo")
    with pytest.raises(UnknownName, match=r"major of shop\.sale"):
        client.get_data_product("shop", "sale", major=7)


def test_a_version_that_is_not_there_lists_those_that_are(client: DataMeshClient) -> None:
    with pytest.raises(NotPublished, match=r"shop.sale has no version 9. Readable versions: 0"):
        client.get_data_product("shop", "sale", version=9)


def test_a_product_that_was_never_published(shop_root, tmp_path) -> None:
    with pytest.raises(NotPublished, match=r"shop\.sale has no published version yet"):
        DataMeshClient(shop_root, tmp_path / "nothing").get_data_product("shop", "sale")


READING = """
import sys
from bankmesh import DataMeshClient
product = DataMeshClient().get_data_product("shop", "sale")
assert product.to_polars().height == 4
assert product.sql("select count(*) as n from product").item() == 4
heavy = {"dagster", "dbt", "great_expectations", "dagster_dbt"} & set(sys.modules)
assert not heavy, heavy
"""


def test_reading_loads_neither_dagster_nor_dbt_nor_great_expectations(published: Mesh) -> None:
    published.activate()
    done = subprocess.run([sys.executable, "-c", READING], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_what_changed_between_two_versions(client: DataMeshClient, published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, customer_id=9))
    assert published.run("till.sale", "sale").success
    found = client.get_data_product("shop", "sale").diff()
    assert (found.before.version, found.after.version) == (0, 1)
    assert (found.rows.added, found.rows.removed, found.rows.changed, found.rows.unchanged) == (0, 0, 1, 3)
    (example,) = found.examples
    assert example.key == {"sale_id": 4}
    assert [(value.column, value.before, value.after) for value in example.values] == [("customer_id", 3, 9)]
    assert client.get_data_product("shop", "sale").diff(1, examples=0).differs is False
    with pytest.raises(NotPublished, match=r"Readable versions: 0, 1"):
        client.get_data_product("shop", "sale").diff(7)


def test_the_mesh_at_a_moment_is_as_it_was(published: Mesh, client: DataMeshClient) -> None:
    first = client.get_data_product("shop", "sale")
    between = datetime.now(UTC)
    write_exports(published.settings.exports, changed(4, amount="1.00"))
    published.run("till.sale", "sale")
    assert client.get_data_product("shop", "sale").version > first.version
    assert client.at(between).get_data_product("shop", "sale").version == first.version
    with pytest.raises(NotPublishedThen, match="oldest readable version"):
        client.at("2020-01-31T00:00Z").get_data_product("shop", "sale")
    with pytest.raises(BadMoment):
        client.at("2020-01-31")


def test_the_client_has_the_name_that_readers_import() -> None:
    import data_mesh_client

    assert data_mesh_client.DataMeshClient is DataMeshClient

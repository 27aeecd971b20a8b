"""Values above `internal` stay out of everything that is told, whatever goes wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openlineage_judge import SPECIFICATION, faults
from shop_mesh import UNPARTITIONED, Mesh, settings_in
from shop_workspace import Sale, changed, write_exports, write_workspace

from bankmesh.lineage.openlineage.event_outbox import EventOutbox
from bankmesh.orchestration.code_locations import load_location
from bankmesh.settings import lineage_database

if TYPE_CHECKING:
    from forked_commands import ForkedCommands

POISON = "Poisonous-Remark-4711"

FINE = 'return sales.drop("complete_through")'
CRASHES = {
    "polars": FINE + '.with_columns(pl.col("remark").cast(pl.Int64).cast(pl.String))',
    "python": 'raise ValueError("cannot read " + str(sales.collect()["remark"].to_list()))',
    "dbt": FINE,
}


def _holding(folder: Path, value: str) -> list[str]:
    """Files below `folder` that hold the value, as it is or in the bytes of a database."""
    return [str(file) for file in folder.rglob("*") if file.is_file() and value.encode() in file.read_bytes()]


def test_a_refusal_tells_no_value_and_ends_with_one(published: Mesh, commands: ForkedCommands) -> None:
    """The whole command, as a person calls it: exit code 1, a message, no value, no stack trace."""
    write_exports(published.settings.exports, changed(3, remark=POISON))
    environment = os.environ | {"PYTHONPATH": str(published.settings.root / "domains/shop/src")}
    done = commands.run(["mesh", "run"], Path.cwd(), environment)
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "shop.customer_spend is not published" in told
    assert "last_remark__pattern (failed)" in told
    assert "Traceback" not in told
    assert POISON not in told
    assert _holding(published.settings.dagster_home, POISON) == []
    assert published.versions("customer_spend") == [0]
    assert published.versions("sale") == [0, 1]
    assert published.versions("opening_hour") == [0]
    assert _holding(published.port("sale").path / "_delta_log", POISON) == []


def test_the_search_would_find_one(published: Mesh) -> None:
    """The name of a clause is in the event log, so the search looks in the right place; no row is, of any class."""
    published.run("sale")
    assert _holding(published.settings.dagster_home, "voucher_is_positive")
    assert _holding(published.settings.dagster_home, "2024-01-31") == []


def test_a_clause_that_quotes_the_value_in_its_error(
    published: Mesh, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write_exports(published.settings.exports, changed(3, voucher=POISON))
    run = published.run(*UNPARTITIONED)
    assert run.checks("sale")["voucher_is_positive"].metadata["outcome"].value == "errored"
    assert POISON not in "".join(capfd.readouterr()) + caplog.text
    assert _holding(published.settings.dagster_home, POISON) == []
    assert _holding(published.port("sale").path / "_delta_log", POISON) == []


def test_a_landing_that_is_refused_tells_columns_lines_and_reasons_and_no_value(
    published: Mesh, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write_exports(published.settings.exports, (*changed(3, amount=POISON), Sale(5, 4, POISON, POISON)))
    run = published.run("till.sale")
    said = run.failure("till_sale")
    assert "till.sale is not landed: 2 of 5 rows rejected, 0 rows tolerated" in said
    assert "\n  sale.csv:4: amount cannot be read as decimal(14,2)\n" in said
    assert '\n  sale.csv:6: sold_on cannot be read as date written "%Y-%m-%d"; amount cannot be read' in said
    assert "mesh rejects shop.landing.till_sale" in said
    table = run.checks("till_sale")["rejects_tolerated"].metadata["rejects by reason"]
    assert [record.data for record in table.records] == [
        {"column": "amount", "reason": "cannot be read as decimal(14,2)", "rejects": 1},
        {"column": "sold_on", "reason": 'cannot be read as date written "%Y-%m-%d"', "rejects": 1},
    ]
    assert POISON not in "".join(capfd.readouterr()) + caplog.text
    assert _holding(published.settings.dagster_home, POISON) == []
    with EventOutbox(lineage_database(published.settings.home)) as outbox:
        told = list(outbox.all_events(run.run_id))
    assert "sale.csv:4: amount cannot be read" in "".join(kept.body for kept in told)
    assert POISON not in "".join(kept.body for kept in told)


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory):
    """Workspaces whose transforms fail with an error that quotes a value."""
    made = {}
    for name, code in CRASHES.items():
        root = tmp_path_factory.mktemp(name)
        domain = f"leaky_{name}"
        source = write_workspace(root, domain)
        sys.path.insert(0, str(source))
        transform = source / domain / "defs/sale/transform.py"
        transform.write_text(f"import polars as pl\n\n\ndef sale(sales):\n    {code}\n")
        model = root / f"dbt_project/models/{domain}/products/monthly_sale.sql"
        model.write_text(
            "select sale_id, date '2024-01-01' as month, sold_on, cast(remark as decimal(18,2)) as amount"
            " from {{ source('till', 'sale') }}\n"
        )
        settings = settings_in(root, root)
        write_exports(settings.exports, changed(3, remark=POISON))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BANKMESH_ROOT", str(root))
            patch.setenv("MESH_HOME", str(settings.home))
            definitions = load_location(domain, f"{domain}.definitions").definitions
        made[name] = Mesh(settings, definitions, domain)
    return made


@pytest.mark.parametrize(
    ("kind", "product", "months"),
    [("polars", "sale", None), ("python", "sale", None), ("dbt", "monthly_sale", ("2024-01-01",) * 2)],
    ids=["polars", "python", "dbt"],
)
def test_a_transform_that_quotes_the_value_in_its_error(
    crashing,
    kind: str,
    product: str,
    months: tuple[str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    mesh = crashing[kind]
    for name in ("BANKMESH_ROOT", "MESH_HOME", "BANK_DATA"):
        monkeypatch.setenv(name, "")  # so that it is put back
    run = mesh.run("till.sale", product, months=months)
    assert not run.success
    assert run.failure(product).startswith(f"{mesh.domain}.{product}: ")
    assert POISON not in "".join(capfd.readouterr()) + caplog.text
    assert _holding(mesh.settings.dagster_home, POISON) == []
    assert mesh.versions(product) == []
    with EventOutbox(lineage_database(mesh.settings.home)) as outbox:
        told = [kept for kept in outbox.all_events(run.run_id) if kept.asset.endswith(f"/{product}")]
    assert [kept.kind for kept in told] == ["START", "FAIL"]
    assert told[1].event["run"]["facets"]["errorMessage"]["message"].startswith(f"{mesh.domain}.{product}: ")
    assert POISON not in "".join(kept.body for kept in told)
    if (SPECIFICATION / "OpenLineage.json").is_file():
        assert faults(told[1].event) == []

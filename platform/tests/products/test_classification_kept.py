"""The clause `classification`: a column below what it is made from keeps the version from being published."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_mesh import LANDINGS, Mesh, settings_in
from shop_workspace import write_exports, write_workspace

from bankmesh.contracts.model import Classification
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.orchestration.code_locations import load_location
from bankmesh.quality.gate import Outcome
from bankmesh.testing import try_product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SALES = pl.DataFrame(
    {
        "sale_id": [1, 2],
        "customer_id": [1, 1],
        "sold_on": ["2024-01-05", "2024-01-06"],
        "amount": ["1.50", "2.00"],
        "voucher": ["17", "18"],
        "remark": ["thank you", "see you"],
    }
).with_columns(pl.col("sold_on").str.to_date(), pl.col("amount").cast(pl.Decimal(18, 2)))


class Bazaar:
    """The shop as a domain of its own, whose contracts a test changes before it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "workspace"
        self.source = write_workspace(self.root, "pawnshop") / "pawnshop"

    def classify(self, contract: str, column: str, level: str) -> None:
        file = self.contract(contract)
        text, count = re.subn(
            rf"(name: {column}\b(?:(?!name: ).)*?classification: )\w+",
            rf"\g<1>{level}",
            file.read_text(),
            count=1,
            flags=re.DOTALL,
        )
        assert count == 1
        file.write_text(text)

    def contract(self, name: str) -> Path:
        return self.source / "contracts" / f"{name}.odcs.yaml"

    def mesh(self) -> Mesh:
        forget()
        definitions = load_location("pawnshop", "pawnshop.definitions").definitions
        return Mesh(settings_in(self.root, self.folder), definitions, "pawnshop")


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pawnshop"]:
        del sys.modules[name]


@pytest.fixture
def bazaar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bazaar]:
    made = Bazaar(tmp_path)
    write_exports(tmp_path / "exports")
    for name, value in (
        ("BANKMESH_ROOT", made.root),
        ("MESH_HOME", tmp_path / "mesh"),
        ("BANK_DATA", tmp_path / "exports"),
    ):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(sys, "path", [str(made.source.parent), *sys.path])
    yield made
    forget()


# --- In trials, on both engines ------------------------------------------------------------------------------


def as_it_is(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales


def opaque(sales: pl.LazyFrame) -> pl.LazyFrame:
    return sales.collect().lazy()


def try_spend(bazaar: Bazaar, home: Path):
    return try_product(bazaar.contract("customer_spend"), {"pawnshop.sale": SALES}, home=home)


def try_sale(bazaar: Bazaar, home: Path, transform: Callable[..., pl.LazyFrame] = as_it_is):
    return try_product(bazaar.contract("sale"), {"sales": SALES}, transform=transform, home=home)


def test_a_model_that_keeps_its_classes_is_published(bazaar: Bazaar, tmp_path: Path) -> None:
    trial = try_spend(bazaar, tmp_path)
    assert trial.publication is not None
    assert trial.clause("classification").outcome is Outcome.PASSED


def test_a_model_that_lowers_a_class_is_refused(bazaar: Bazaar, tmp_path: Path) -> None:
    bazaar.classify("customer_spend", "total", "internal")
    trial = try_spend(bazaar, tmp_path)
    assert trial.publication is None
    assert trial.broken == ("classification",)
    assert trial.clause("classification").message == (
        "classification: total is internal, but is made from pawnshop.sale.amount, which is confidential. Classify each "
        "at least as high, or give it a `declassification` that a rule of the contract proves."
    )


def test_a_function_that_lowers_a_class_is_refused(bazaar: Bazaar, tmp_path: Path) -> None:
    assert try_sale(bazaar, tmp_path / "before").publication is not None
    bazaar.classify("sale", "remark", "confidential")
    trial = try_sale(bazaar, tmp_path / "after")
    assert (trial.publication, trial.broken) == (None, ("classification",))
    assert (
        "remark is confidential, but is made from till.sale.remark, which is restricted"
        in trial.clause("classification").message
    )


def test_a_declassified_column_may_be_lower(bazaar: Bazaar, tmp_path: Path) -> None:
    bazaar.classify("sale", "remark", "internal")
    text = bazaar.contract("sale").read_text()
    given = (
        "customProperties: [{property: declassification, value: {method: generalisation, rule: remark__pattern, "
        "why: Two phrases only.}}], logicalTypeOptions: {pattern: '(thank|see) you'}}"
    )
    bazaar.contract("sale").write_text(
        text.replace(
            "What the cashier wrote., classification: internal}",
            f"What the cashier wrote., classification: internal, {given}",
        )
    )
    assert try_sale(bazaar, tmp_path).broken == ()


def test_a_step_that_is_no_plan_is_told_by_what_it_read(bazaar: Bazaar, tmp_path: Path) -> None:
    # Its columns depend on all that it read, INDIRECTly: the lineage is known, and it is no derivation of values.
    assert try_sale(bazaar, tmp_path, opaque).broken == ()


def test_a_column_whose_lineage_is_not_known_counts_as_made_from_all(
    bazaar: Bazaar, tmp_path: Path, monkeypatch
) -> None:
    from bankmesh.lineage.model import StepLineage
    from bankmesh.products.dbt import dbt_build

    real = dbt_build.or_underivable

    def not_known(derive, contract):
        found = real(derive, contract)
        return StepLineage(
            {name: deps for name, deps in found.columns.items() if name != "sales"}, found.rows, found.opaque,
            {"largest_sale_id": "columns(...) is not resolved"},
        )  # fmt: skip

    monkeypatch.setattr(dbt_build, "or_underivable", not_known)
    trial = try_spend(bazaar, tmp_path)
    assert trial.broken == ("classification",)
    message = trial.clause("classification").message
    assert (
        "largest_sale_id is internal, and counts as made from every column read, such as pawnshop.sale.remark, which is "
        "restricted, because its lineage is not known (columns(...) is not resolved)" in message
    )
    assert "sales is internal, and counts as made from every column read" in message


# --- In runs, with the classes of what is pinned ------------------------------------------------------------


def test_a_run_refuses_and_says_which_column(bazaar: Bazaar) -> None:
    bazaar.classify("customer_spend", "last_remark", "internal")
    mesh = bazaar.mesh()
    run = mesh.run(*LANDINGS, "sale", "customer_spend", "top_customer")
    assert mesh.versions("sale") == [0]
    assert mesh.versions("customer_spend") == []
    check = run.checks("customer_spend")["classification"]
    assert not check.passed
    assert "last_remark is internal, but is made from pawnshop.sale.remark, which is restricted" in check.description
    assert "classification (failed): classification: last_remark is internal" in run.failure("customer_spend")
    assert "top_customer" not in run.started()


def test_a_landing_has_the_classes_of_its_declaration(bazaar: Bazaar) -> None:
    bazaar.classify("sale", "voucher", "confidential")
    mesh = bazaar.mesh()
    run = mesh.run(*LANDINGS, "sale")
    assert mesh.versions("sale") == []
    assert "voucher is confidential, but is made from till.sale.voucher, which is restricted" in run.failure("sale")


def test_the_classes_are_those_of_the_pinned_version(bazaar: Bazaar) -> None:
    mesh = bazaar.mesh()
    assert mesh.run(*LANDINGS, "sale", "customer_spend").success
    # The contracts say less from now on, and the version that is read was published under more.
    for contract, column in (("sale", "remark"), ("customer_spend", "last_remark")):
        bazaar.classify(contract, column, "internal")
    mesh = bazaar.mesh()
    assert not mesh.run("customer_spend").success
    assert mesh.versions("customer_spend") == [0]


def test_a_version_without_its_contract_has_no_classes_to_go_by(bazaar: Bazaar) -> None:
    mesh = bazaar.mesh()
    assert mesh.run(*LANDINGS, "sale").success
    for kept in (mesh.port("sale").path / "_contracts").iterdir():
        kept.unlink()
    run = mesh.run("customer_spend")
    assert mesh.versions("customer_spend") == []
    assert (
        "classification (errored): could not be evaluated: the classes of pawnshop.sale are not known, because version 0 was "
        "published without its contract; publish it again" in run.failure("customer_spend")
    )


def test_classes_are_read_from_a_contract_that_later_rules_refuse(bazaar: Bazaar, tmp_path: Path) -> None:
    from bankmesh.products.inputs.input_classifications import classes_of_contract

    contract = read_contract(bazaar.contract("sale"))
    kept = tmp_path / "0123456789abcdef.odcs.yaml"
    kept.write_text(
        contract.text.replace("status: active", "status: asleep").replace("voucher, logicalType", "voucher, type")
    )
    found = classes_of_contract(kept)
    assert found == {column.name: column.classification for column in contract.columns}
    kept = tmp_path / "fedcba9876543210.odcs.yaml"
    kept.write_text(contract.text.replace("classification: confidential", "classification: secret"))
    assert classes_of_contract(kept)["amount"] is Classification.RESTRICTED

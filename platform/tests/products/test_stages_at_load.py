"""A product that is proposed or retired is not built, is not run, and is nobody's input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from shop_workspace import at_stage, write_workspace

from bankmesh.orchestration.code_locations import LocationNotLoaded, load_location
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.settings import current_settings
from bankmesh.workspace.stage_access import ProposedProduct, RetiredProduct

if TYPE_CHECKING:
    from pathlib import Path

ALL = {"sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale"}


class Silent:
    """Nobody to be told how it goes."""

    def started(self, step: str) -> None: ...
    def finished(self, step: str, notes: dict[str, object]) -> None: ...
    def decided(self, unchanged: object) -> None:
        """Nothing to keep."""

    def failed(self, step: str, message: str) -> None: ...


class Booth:
    """A workspace with a domain whose contracts can be moved from stage to stage."""

    def __init__(self, root: Path) -> None:
        self.root, self.source = root, write_workspace(root, "booth") / "booth"

    def put(self, name: str, status: str, **properties: str) -> None:
        file = self.source / "contracts" / f"{name}.odcs.yaml"
        file.write_text(at_stage(file.read_text(), status, **properties))

    def products(self) -> set[str]:
        """What the code location builds, without its landings."""
        found = load_location("booth", "booth.definitions").definitions
        keys = found.resolve_asset_graph().materializable_asset_keys
        return {key.path[1] for key in keys if "landing" not in key.path}

    def refusal(self) -> str:
        with pytest.raises(LocationNotLoaded) as caught:
            load_location("booth", "booth.definitions")
        return str(caught.value)


@pytest.fixture
def booth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Booth:
    made = Booth(tmp_path / "workspace")
    monkeypatch.setenv("BANKMESH_ROOT", str(made.root))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    monkeypatch.setattr(sys, "path", [str(made.source.parent), *sys.path])
    for name in [name for name in sys.modules if name.split(".")[0] == "booth"]:
        monkeypatch.delitem(sys.modules, name)
    yield made
    for name in [name for name in sys.modules if name.split(".")[0] == "booth"]:
        del sys.modules[name]


def test_what_is_proposed_or_retired_is_no_asset(booth: Booth) -> None:
    booth.put("opening_hour", "proposed")
    # Nothing of it is looked at: its transform may not be written yet, or be gone.
    (booth.source / "defs/opening_hour/transform.py").unlink()
    booth.put("monthly_sale", "retired")
    booth.put("customer_spend", "draft")
    assert booth.products() == ALL - {"opening_hour", "monthly_sale"}


def test_an_input_without_a_port_is_refused_with_file_and_line(booth: Booth) -> None:
    booth.put("opening_hour", "retired", replacedBy="booth.opening_hour@2")
    defs = booth.source / "defs/sale/defs.yaml"
    defs.write_text(defs.read_text() + "    hours: booth.opening_hour\n")
    code = booth.source / "defs/sale/transform.py"
    code.write_text(code.read_text().replace("def sale(sales)", "def sale(sales, hours)"))
    assert (
        f"{defs}:7: booth.sale reads booth.opening_hour, which is retired and has no port. Read booth.opening_hour@2"
        in (booth.refusal())
    )


def test_a_source_without_a_port_is_refused_in_the_model_that_reads_it(booth: Booth) -> None:
    booth.put("customer_spend", "proposed")
    model = booth.root / "dbt_project/models/booth/products/top_customer.sql"
    assert (
        f"{model}:2: booth.top_customer reads booth.customer_spend, which is proposed and has no port."
        in booth.refusal()
    )


def test_a_relationship_without_a_port_is_refused_in_the_contract(booth: Booth) -> None:
    booth.put("sale", "retired")
    model = booth.root / "dbt_project/models/booth/products/customer_spend.sql"
    model.write_text("select 1 as customer_id, 2 as sales, 3 as total, 4 as largest_sale_id, 'a' as last_remark\n")
    contract = booth.source / "contracts/top_customer.odcs.yaml"
    assert f"{contract}:31: booth.top_customer reads booth.sale, which is retired" in booth.refusal()


def test_a_run_of_it_is_refused(booth: Booth) -> None:
    booth.put("opening_hour", "proposed")
    booth.put("monthly_sale", "retired")
    settings = current_settings(booth.root)
    with open_instance(settings) as instance:
        with pytest.raises(ProposedProduct, match=r"booth\.opening_hour is proposed and has no port yet"):
            run_everything(settings.root, instance, Silent(), ["booth/opening_hour"])
        with pytest.raises(RetiredProduct, match=r"booth\.monthly_sale was retired on 2026-01-01"):
            run_everything(settings.root, instance, Silent(), ["booth/sale", "booth/monthly_sale"])

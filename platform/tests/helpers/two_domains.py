"""A workspace of two domains: `bazaar`, which is the shop of the product tests, and `arcade`, which reads its products.

    till.sale ─┬─► bazaar.sale ─► bazaar.customer_spend ─► bazaar.top_customer      arcade.visitor reads customer_spend
               └─► bazaar.monthly_sale (by month)                                   arcade.turnover reads sale and
                                                                                    monthly_sale, arcade.visitor
So turnover is at the end of four paths of different lengths, one of them through a partitioned product.
"""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING

import dagster as dg
from shop_workspace import DEFINITIONS, PYPROJECT, consumed_by, write_workspace

from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import port_at, read_history
from bankmesh.testing import contract_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bankmesh.settings import Settings

SUPPLIER, CONSUMER = "bazaar", "arcade"
LANDINGS = (f"{SUPPLIER}/landing/till_sale", f"{SUPPLIER}/landing/till_hour")
SCHEDULE = """\
  - property: frequency
    value: 1
    unit: d
    schedule: "30 5 * * *"
    scheduler: cron
"""

MONEY = {
    "logicalType": "number",
    "physicalType": "decimal(18,2)",
    "required": True,
    "classification": "confidential",
}

PRODUCTS = {
    "visitor": (
        "customer_id",
        "active",
        {"spend": f"{SUPPLIER}.customer_spend"},
        """\
def visitor(spend):
    return spend.select("customer_id", "total").sort("customer_id")
""",
    ),
    "turnover": (
        "sale_id",
        "deprecated",
        {"sales": f"{SUPPLIER}.sale", "months": f"{SUPPLIER}.monthly_sale", "visitors": f"{CONSUMER}.visitor"},
        """\
def turnover(sales, months, visitors):
    visited = sales.join(visitors, on="customer_id", how="semi").join(months, on="sale_id", how="semi")
    return visited.select("sale_id", total="amount").sort("sale_id")
""",
    ),
}

WORKSPACE = """\
load_from:
  - python_module: {module_name: bazaar.definitions, location_name: bazaar}
  - python_module: {module_name: arcade.definitions, location_name: arcade}
"""


def write_domains(root: Path) -> list[Path]:
    """The whole workspace; returns the folders to put on the import path."""
    supplier = write_workspace(root, SUPPLIER)
    package = supplier / SUPPLIER
    _operate(package)
    for name, consumer in (("sale", "turnover"), ("monthly_sale", "turnover"), ("customer_spend", "visitor")):
        contract = package / "contracts" / f"{name}.odcs.yaml"
        text = consumed_by(contract.read_text(encoding="utf-8"), f"{CONSUMER}.{consumer}")
        if consumer == "turnover":
            text = text.replace("customProperties:\n", f"{SCHEDULE}customProperties:\n", 1)
        contract.write_text(text, encoding="utf-8")
    consumer = root / "domains" / CONSUMER / "src"
    for name, (key, status, inputs, code) in PRODUCTS.items():
        columns = {key: {"logicalType": "integer", "primaryKey": True}, "total": MONEY}
        contract = contract_text(f"arcade.{name}", columns, status=status, properties=_stage(status))
        attributes = f"contract: {name}\ntransform: .transform:{name}\ninputs:\n"
        attributes += "".join(f"  {parameter}: {source}\n" for parameter, source in inputs.items())
        component = f"type: bankmesh.PolarsDataProduct\nattributes:\n{indent(attributes, '  ')}"
        _write(consumer / CONSUMER / "contracts" / f"{name}.odcs.yaml", contract)
        _write(consumer / CONSUMER / "defs" / name / "defs.yaml", component)
        _write(consumer / CONSUMER / "defs" / name / "transform.py", code)
    _write(consumer / CONSUMER / "__init__.py", "")
    _write(consumer / CONSUMER / "definitions.py", DEFINITIONS)
    _write(consumer / CONSUMER / "defs" / "__init__.py", "")
    _write(root / "domains" / CONSUMER / "pyproject.toml", PYPROJECT.replace("shop", CONSUMER))
    _write(root / "workspace.yaml", WORKSPACE)
    _operate(consumer / CONSUMER)
    return [supplier, consumer]


def _stage(status: str) -> dict[str, object]:
    """The custom properties of a contract at this stage of its life."""
    record = {"status": status, "date": "2026-01-01", "by": "shop-data", "why": "The window decided so."}
    return {"lifecycle": [record]} | ({"endOfSupport": "2027-06-30"} if status == "deprecated" else {})


def _operate(package: Path) -> None:
    _write(package / "defs" / "operations" / "defs.yaml", "type: bankmesh.Operations\nattributes: {alerts: false}\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@dataclass
class Trading:
    """Both domains at work in this process: ticks of their sensors, and runs of what these ask for."""

    settings: Settings
    definitions: dict[str, dg.Definitions]
    cursors: dict[str, str | None] = field(default_factory=dict)

    def instance(self) -> dg.DagsterInstance:
        return open_instance(self.settings)

    def run(self, domain: str, keys: Iterable[str], tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
        with self.instance() as instance:
            return self._execute(instance, domain, [dg.AssetKey.from_user_string(key) for key in keys], tags or {})

    def _execute(
        self, instance: dg.DagsterInstance, domain: str, keys: list[dg.AssetKey], tags: dict[str, str]
    ) -> dg.ExecuteInProcessResult:
        return (
            self.definitions[domain]
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=instance,
                asset_selection=keys,
                run_id=str(uuid.uuid4()),
                tags=tags,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )

    def tick(self, domain: str, sensor: str = "refresh"):
        """What the daemon would be told at a tick of that sensor."""
        name = f"{domain}_{sensor}"
        repository = self.definitions[domain].get_repository_def()
        with (
            self.instance() as instance,
            dg.build_sensor_context(
                instance=instance, repository_def=repository, cursor=self.cursors.get(name), sensor_name=name
            ) as context,
        ):
            told = repository.get_sensor_def(name).evaluate_tick(context)
        self.cursors[name] = told.cursor
        return told

    def asked(self, domain: str, sensor: str = "refresh") -> list[list[str]]:
        """The assets of each run that a tick asks for."""
        requests = self.tick(domain, sensor).run_requests or ()
        return [sorted(key.to_user_string() for key in request.asset_selection or ()) for request in requests]

    def settle(self, rounds: int = 12) -> list[str]:
        """Tick both refreshers in turn and run what they ask for, until nobody asks; every asset asked for, in order."""
        made: list[str] = []
        for _ in range(rounds):
            requests = [(domain, r) for domain in self.definitions for r in self.tick(domain).run_requests or ()]
            if not requests:
                return made
            for domain, request in requests:
                keys = [key.to_user_string() for key in request.asset_selection or ()]
                made += sorted(keys)
                self.run(domain, keys, dict(request.tags))
        raise AssertionError(f"it never settles: {made}")

    def versions(self, product: str) -> int:
        """How often a product was published."""
        domain, name = product.split(".")
        return len(read_history(port_at(self.settings.home, f"{domain}.{name}", 1)))


def load_domains(root: Path, home: Path) -> dict[str, dg.Definitions]:
    """Both code locations; `home` must be the mesh home of the environment meanwhile."""
    sys.path[:0] = [str(path) for path in write_domains(root)]
    assert home
    return {name: load_location(name, f"{name}.definitions").definitions for name in (SUPPLIER, CONSUMER)}

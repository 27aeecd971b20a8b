"""The shop's mesh at work: one `MESH_HOME`, its exports, and real Dagster runs in this process."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from bankmesh.orchestration.asset_keys import landing_key
from bankmesh.orchestration.components.product_component import find_products
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import open_version, port_at, read_history
from bankmesh.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.products.product_definition import ProductDefinition

LANDINGS = ("till.sale", "till.hour")
UNPARTITIONED = (*LANDINGS, "sale", "customer_spend", "top_customer", "opening_hour")
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")


@dataclass(frozen=True)
class Run:
    """How one Dagster run ended."""

    result: dg.ExecuteInProcessResult

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def run_id(self) -> str:
        return self.result.run_id

    @property
    def events(self) -> list[dg.DagsterEvent]:
        return list(self.result.all_events)

    def materialised(self) -> list[str]:
        return [e.asset_key.path[-1] for e in self.events if e.is_step_materialization and e.asset_key]

    def metadata(self, product: str) -> dict[str, Any]:
        found = [
            e for e in self.events if e.is_step_materialization and e.asset_key and e.asset_key.path[-1] == product
        ]
        metadata = found[-1].step_materialization_data.materialization.metadata
        return {name: value.value for name, value in metadata.items()}

    def checks(self, product: str) -> dict[str, dg.AssetCheckEvaluation]:
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        found = [e.event_specific_data for e in self.events if e.event_type is kind]
        return {check.check_name: check for check in found if check.asset_key.path[-1] == product}

    def failure(self, product: str) -> str:
        """The description of the step's failure, which is what people read first."""
        data = self._failed(product).step_failure_data
        return data.user_failure_data.description or ""

    def failure_metadata(self, product: str) -> dict[str, Any]:
        return {n: v.value for n, v in self._failed(product).step_failure_data.user_failure_data.metadata.items()}

    def started(self) -> list[str]:
        """Steps that began; those behind a failed one never do."""
        kind = dg.DagsterEventType.STEP_START
        return sorted(e.step_key.split("__")[-1] for e in self.events if e.event_type is kind)

    def _failed(self, product: str) -> dg.DagsterEvent:
        return next(e for e in self.events if e.is_step_failure and e.step_key.split("__")[-1] == product)


@dataclass(frozen=True)
class Mesh:
    """A mesh home of the shop. `run` materialises; the rest looks at what readers see."""

    settings: Settings
    definitions: dg.Definitions
    domain: str = "shop"

    def run(self, *names: str, months: tuple[str, str] | None = None, tags: dict[str, str] | None = None) -> Run:
        self.activate()
        with open_instance(self.settings) as instance:
            return Run(self.execute(instance, *names, months=months, tags=tags))

    def execute(
        self,
        instance: dg.DagsterInstance,
        *names: str,
        months: tuple[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        tags = dict(tags or {})
        if months:
            tags |= {
                "dagster/asset_partition_range_start": months[0],
                "dagster/asset_partition_range_end": months[1],
            }
        return self.definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[self.key(name) for name in names],
            run_id=str(uuid.uuid4()),
            tags=tags,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def activate(self) -> None:
        """Point this process's environment at this home."""
        os.environ["BANKMESH_ROOT"] = str(self.settings.root)
        os.environ["MESH_HOME"] = str(self.settings.home)
        os.environ["BANK_DATA"] = str(self.settings.exports)

    def key(self, name: str) -> dg.AssetKey:
        """The asset of a product, or of a landing such as `till.sale`."""
        if "." in name:
            return landing_key(self.domain, *name.split("."))
        return dg.AssetKey([self.domain, name])

    def product(self, name: str) -> ProductDefinition:
        """The definition of a product, as its component loaded it."""
        found = {product.contract.port: product for product in find_products(self.definitions.component_tree)}
        return found[f"{self.domain}.{name}"]

    def port(self, product: str):
        return port_at(self.settings.home, f"{self.domain}.{product}", 1)

    def versions(self, product: str) -> list[int]:
        """Published versions, oldest first."""
        return [made.version for made in reversed(read_history(self.port(product)))]

    def rows(self, product: str, version: int | None = None) -> list[dict[str, Any]]:
        frame = open_version(self.port(product), version).scan_polars().collect()
        return frame.sort(frame.columns[0]).to_dicts()

    def reported(self, product: str) -> list[int]:
        """Versions that Dagster's event log knows of, oldest first."""
        with open_instance(self.settings) as instance:
            records = instance.fetch_materializations(self.key(product), limit=100).records
        return [r.asset_materialization.metadata["version"].value for r in reversed(records)]


def settings_in(root: Path, folder: Path) -> Settings:
    """A home and an export folder below `folder`."""
    return Settings(root=root, home=folder / "mesh", exports=folder / "exports")

"""The governed contender, run as a process of its own: retail through the platform, timed from the inside.

    python -m bench.governed land|products|whole|month|retail|follow|landing|alone --notes notes.json

Uses the code path of `mesh run`; `retail` and `follow` confirm unchanged products, the others build them. The timers
around the platform's functions add microseconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.contested import contested_contracts

if TYPE_CHECKING:
    from collections.abc import Callable

    import dagster as dg

    from bankmesh.settings import Settings

STARTED = time.perf_counter()
MONTHS = ("1996-05-01", "1996-06-01")
NEW_MONTH = "1998-12-01"
BOOKINGS = ("retail/landing/core_banking_trans", "retail/transaction_history")


class Clocks:
    """Seconds by step and part; `run_everything` reports the current step."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = defaultdict(dict)
        self.failures: dict[str, str] = {}
        self.first_step: float | None = None
        self._current, self._since = "", 0.0

    def started(self, step: str) -> None:
        """A step has begun."""
        self._current, self._since = step, time.perf_counter()
        if self.first_step is None:
            self.first_step = self._since - STARTED

    def finished(self, step: str, notes: dict[str, Any]) -> None:
        """A step is done."""
        parts = self.steps[step]
        parts["step"] = time.perf_counter() - self._since
        parts["rows"] = notes.get("dagster/row_count", 0)
        parts["build"] = notes.get("build seconds", 0.0)
        parts["gate"] = notes.get("gate seconds", 0.0)

    def decided(self, unchanged: object) -> None:
        """Nothing to keep."""

    def failed(self, step: str, message: str) -> None:
        """A step has failed."""
        self.failures[step] = message

    def around(self, owner: Any, function: str, part: str) -> None:  # noqa: ANN401 - a module
        """Count the time of `owner.function` as `part` of the current step."""
        inner: Callable[..., Any] = getattr(owner, function)

        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passes on whatever it is given
            since = time.perf_counter()
            try:
                return inner(*arguments, **named)
            finally:
                parts = self.steps[self._current]
                parts[part] = parts.get(part, 0.0) + time.perf_counter() - since

        setattr(owner, function, timed)


def watch_products() -> Clocks:
    """Time the functions of the operation that builds every product."""
    from dagster._core.storage.event_log import SqliteEventLogStorage

    from bankmesh.orchestration.assets import asset_results, build_steps
    from bankmesh.products import product_operation

    clocks = Clocks()
    clocks.around(build_steps, "pin_product", "pin")
    clocks.around(product_operation, "measure_files", "measure")
    clocks.around(product_operation, "evaluate", "evaluate")
    clocks.around(product_operation, "publish", "publish")
    clocks.around(asset_results, "materialize_result", "report")
    clocks.around(SqliteEventLogStorage, "store_event", "events")
    return clocks


def retail_keys(root: Path, *, landings: bool) -> list[str]:
    """Return asset keys of the retail domain's landings or products, without loading the code location twice."""
    from bankmesh.names import landing_asset
    from bankmesh.products.domain_package import read_domain

    domain = read_domain(root / "domains/retail/src/retail")
    if landings:
        objects = [item for system in domain.systems for item in system.objects]
        return [landing_asset(domain.name, item.system, item.name) for item in objects]
    return [contract.port_name.asset for contract in contested_contracts()]


def keys_of(root: Path, what: str) -> list[str]:
    """Return the asset keys that a contender materialises."""
    match what:
        case "land" | "products":
            return retail_keys(root, landings=what == "land")
        case "follow" | "landing":
            return list(BOOKINGS if what == "follow" else BOOKINGS[:1])
        case _:
            return retail_keys(root, landings=True) + retail_keys(root, landings=False)


def run(instance: dg.DagsterInstance, settings: Settings, clocks: Clocks, what: str) -> None:
    """Materialise the assets of a contender."""
    from bankmesh.orchestration.runner.local_runner import run_everything

    force = what not in {"retail", "follow"}
    outcome = run_everything(settings.root, instance, clocks, keys_of(settings.root, what), force=force)
    if not outcome.success:
        raise SystemExit(f"not published: {clocks.failures or outcome}")


def run_month(instance: dg.DagsterInstance, first: str, last: str) -> dict[str, Any]:
    """Build, gate and publish a range of months of `transaction_history`.

    Returns the seconds of the whole run, and from the materialisation those of build, gate and whole-table clauses.
    """
    import dagster as dg

    from bankmesh.orchestration.code_locations import load_location

    job = load_location("retail", "retail.definitions").definitions.resolve_implicit_global_asset_job_def()
    since = time.perf_counter()
    result = job.execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(["retail", "transaction_history"])],
        tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
    )
    seconds = time.perf_counter() - since
    told = result.asset_materializations_for_node("retail__transaction_history")[0].metadata
    parts = {
        part: told[f"{part} seconds"].value for part in ("build", "gate", "whole-table") if f"{part} seconds" in told
    }
    return {"seconds": seconds, **parts}


def months(instance: dg.DagsterInstance, clocks: Clocks) -> dict[str, Any]:
    """Build one month on a full history, twice (the first includes the imports), then all months once more."""
    found: dict[str, Any] = {}
    for name, first, last in (
        ("first_month", MONTHS[0], MONTHS[0]),
        ("month", MONTHS[1], MONTHS[1]),
        ("full", "1993-01-01", "1999-12-01"),
    ):
        clocks.steps.clear()
        made = run_month(instance, first, last)
        found[name] = {**made, **clocks.steps[""]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = ("land", "products", "whole", "month", "retail", "follow", "landing", "alone")
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--notes", type=Path, required=True)
    arguments = parser.parse_args()

    import logging

    from bankmesh.orchestration.instance import open_instance
    from bankmesh.settings import current_settings

    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    settings, clocks = current_settings(), watch_products()
    with open_instance(settings) as instance:
        ready = time.perf_counter() - STARTED
        if arguments.what == "month":
            notes: dict[str, Any] = months(instance, clocks)
        elif arguments.what == "alone":
            notes = run_month(instance, NEW_MONTH, NEW_MONTH)
        else:
            run(instance, settings, clocks, arguments.what)
            notes = {"ready": ready, "first_step": clocks.first_step, "steps": clocks.steps}
            notes["end"] = time.perf_counter() - STARTED
    arguments.notes.write_text(json.dumps(notes, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

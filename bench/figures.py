"""Figures from measurements: medians, ratios, and budgets."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIB_IN_GIB = 1024
TIMES = "\N{MULTIPLICATION SIGN}"
MONTH_AT_MOST = 0.10  # in proportion would be 1/84; what comes on top is the whole-table clause and dbt's start
PARTS = ("build", "gate", "import", "measure", "publish", "report", "events", "other")


@dataclass(frozen=True)
class Budget:
    """One line of the budget table; `unit` is appended to figures."""

    what: str
    limit: float
    aim: float | None
    found: float | None
    unit: str

    @property
    def verdict(self) -> str:
        """Whether the budget is kept and the aim reached, or missed."""
        if self.found is None:
            return "not measured"
        if self.found > self.limit:
            return "**missed**"
        return "kept, aim reached" if self.aim is not None and self.found <= self.aim else "kept"


def runs_of(world: dict[str, Any], contender: str) -> list[dict[str, Any]]:
    """Return all runs of one contender."""
    return [run for run in world["runs"] if run["contender"] == contender]


def cost(world: dict[str, Any], contender: str, what: str = "wall") -> float:
    """Return the median of `wall`, `cpu` or `peak_mib`."""
    return statistics.median(run["cost"][what] for run in runs_of(world, contender))


def step_parts(world: dict[str, Any], product: str) -> dict[str, float]:
    """Return the median seconds of the parts of one product's step.

    `import` is the import of Great Expectations, in the first gate of a process; `events` is writing Dagster's event
    log; `other` is the rest of Dagster's step.
    """
    rows = []
    for run in runs_of(world, "products"):
        step = run["notes"]["steps"][f"retail__{product}"]
        parts = {name: step.get(name, 0.0) for name in ("build", "gate", "measure", "publish", "report", "events")}
        parts["import"] = max(0.0, step["evaluate"] - step["gate"])
        parts["other"] = step["step"] - sum(parts.values())
        rows.append(parts)
    return {name: statistics.median(row[name] for row in rows) for name in PARTS}


def bare_parts(world: dict[str, Any], product: str) -> dict[str, float]:
    """Return the median seconds of build and rules of one product, bare."""
    seconds = [run["notes"]["seconds"][product] for run in runs_of(world, "bare")]
    return {name: statistics.median(each[name] for each in seconds) for name in ("build", "rules")}


def phases(world: dict[str, Any]) -> dict[str, float]:
    """Return the parts of the governed process's wall time, as medians."""
    notes = [run["notes"] for run in runs_of(world, "products")]
    walls = [run["cost"]["wall"] for run in runs_of(world, "products")]
    steps = {name: sum(step_parts(world, product)[name] for product in world["same"]) for name in PARTS}
    planned = statistics.median(n["steps"].get("", {}).get("events", 0.0) for n in notes)
    first = statistics.median(n["first_step"] for n in notes)
    found = {
        "imports and loading the code location": first - planned,
        "planned events of Dagster's run": planned,
        "builds (dbt, Polars)": steps["build"],
        "importing Great Expectations": steps["import"],
        "gates": steps["gate"],
        "measuring and publishing": steps["measure"] + steps["publish"],
        "metadata of the materialisation": steps["report"],
        "events of the steps": steps["events"],
        "the rest of Dagster's steps": steps["other"],
    }
    return found | {"between the steps and at the end": statistics.median(walls) - sum(found.values())}


def publish_seconds(world: dict[str, Any]) -> tuple[float, float]:
    """Return the median seconds to measure and to publish the largest table."""
    steps = [run["notes"]["steps"]["retail__transaction_history"] for run in runs_of(world, "products")]
    return statistics.median(s["measure"] for s in steps), statistics.median(s["publish"] for s in steps)


def month_share(world: dict[str, Any]) -> tuple[float, float | None]:
    """Return one warm month's share of all months on a full history: of the whole run, and of build and gate.

    The second is None if a run did not measure build and gate separately.
    """
    month, full = (world["month"]["notes"][name] for name in ("month", "full"))
    run = month["seconds"] / full["seconds"]
    if "build" not in month:
        return run, None
    return run, (month["build"] + month["gate"]) / (full["build"] + full["gate"])


def follow_cost(world: dict[str, Any], name: str, what: str) -> float:
    """Return the median cost of following a new month."""
    return statistics.median(run["cost"][what] for run in world["new_month"][name])


def _follow_ratio(world: dict[str, Any]) -> float | None:
    """Return the cost of a new month that is landed and followed, relative to a build of that month alone."""
    if "new_month" not in world:
        return None
    return follow_cost(world, "follow", "cpu") / follow_cost(world, "alone", "cpu")


def work_ratio(world: dict[str, Any]) -> float:
    """Return builds and gates relative to bare builds and rules, without imports and event logs."""
    governed = sum(step_parts(world, p)[part] for p in world["same"] for part in ("build", "gate"))
    return governed / sum(sum(bare_parts(world, p).values()) for p in world["same"])


def marginal_ratio(small: dict[str, Any], large: dict[str, Any], what: str = "cpu") -> float:
    """Return the cost of each further million, governed relative to bare."""
    more = {name: cost(large, name, what) - cost(small, name, what) for name in ("products", "bare")}
    return more["products"] / more["bare"]


def _further(worlds: list[dict[str, Any]]) -> float | None:
    return marginal_ratio(worlds[0], worlds[-1]) if len(worlds) > 1 else None


def budgets(found: dict[str, Any]) -> list[Budget]:
    """Return the budgets of the design, compared with the largest world."""
    world = found["worlds"][-1]
    millions = f"{world['millions']:g} M"
    measured, published = publish_seconds(world)
    peak = max(cost(world, name, "peak_mib") for name in ("land", "products", "whole")) / MIB_IN_GIB
    cpu = ratio(world, "products", "bare", "cpu")
    load = _load_ratio(found.get("load"))
    month = month_share(world)[1] if "month" in world else None
    gates = found.get("gate", {}).get("unique_key", {})
    ceiling = 4.0 if world["millions"] <= 10 else 12.0  # noqa: PLR2004 - the two sizes that the design names
    return [
        Budget(f"governed / bare, products, {millions}, wall", 1.25, 1.10, ratio(world, "products", "bare"), TIMES),
        Budget(f"governed / bare, products, {millions}, CPU", 1.35, 1.25, cpu, TIMES),
        Budget("gate / hand-written SQL, unique number", 1.5, 1.2, gates.get("transaction_id", {}).get("ratio"), TIMES),
        Budget("gate / hand-written SQL, unique text", 1.5, 1.2, gates.get("reference", {}).get("ratio"), TIMES),
        Budget(f"governed / plain, from raw files, {millions}, wall", 0.8, None, ratio(world, "whole", "plain"), TIMES),
        Budget(f"peak memory, whole retail domain, {millions}", ceiling, None, peak, "GiB"),
        Budget(f"publishing, {millions} (footers {measured:.3f} s, commit {published:.3f} s)", 0.1, None,
               measured + published, "s"),
        Budget("loading the code location / bare imports, wall", 2.0, None, load, TIMES),
        Budget("each further million, governed / bare, CPU", 1.1, None, _further(found["worlds"]), TIMES),
        Budget(f"one new month on {millions} / that month alone, CPU", 1.5, None, _follow_ratio(world), TIMES),
        Budget(f"one month of 84 on {millions}, build and gate, against all months", MONTH_AT_MOST, None, month, TIMES),
    ]  # fmt: skip


def _load_ratio(load: dict[str, list[dict[str, float]]] | None) -> float | None:
    if load is None:
        return None
    return statistics.median(
        location["wall"] / imports["wall"] for location, imports in zip(load["location"], load["imports"], strict=True)
    )


def ratio(world: dict[str, Any], one: str, other: str, what: str = "wall") -> float:
    """Return the median of the ratios of runs of the same repetition, which have similar noise."""
    pairs = zip(runs_of(world, one), runs_of(world, other), strict=True)
    return statistics.median(a["cost"][what] / b["cost"][what] for a, b in pairs)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; columns after the first are right-aligned."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])

"""Generator of a large mesh: contracts, Delta logs with lineage, and evaluations in an event log; no data."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from bankmesh.settings import Settings

SOURCES_SHARE = 0.2
LAYERS = 7
VERSIONS = 3
_TEXT = """
account accrual address advice agreement amount analysis application appraisal approval arrears asset audit auction
average balance bank basis batch beneficiary bond booking bonus branch broker budget buffer business calendar call
capital card cash category channel charge cheque claim class clearing client collateral commission commodity company
complaint concentration condition confirmation consent contact contract conversion correction correspondent cost country
coupon cover credit creditor currency custody customer cut cycle date day deal debit debt default delay delivery demand
department deposit depreciation derivative desk device direction discount dispute district dividend document duration
earning effect eligibility employee encashment entity entry equity error estimate event exchange execution expense
exposure facility factor failure fee file finance flag flow forecast fraud freeze frequency fund future gain gender
grade grant growth guarantee guarantor hedge history holding household identifier impairment income indicator industry
inflow instalment instruction instrument insurance interaction interest inventory investment invoice issue issuer item
job journal journey key land lead ledger legal lending letter level liability limit line liquidity list loan location
loss loyalty maintenance manager mandate margin market match maturity measure member merchant message method metric
migration model money month mortgage movement netting network note notice number offer office operation option order
origin outcome outflow overdraft owner package party pattern payment penalty pension performance period permission
person phone place plan pledge point policy pool portfolio position posting premium prepayment price principal priority
process product profile profit programme project propensity property provision purchase purpose quality quantity quarter
quota quote range rank rate rating ratio reason rebate receipt receivable reconciliation record recovery redemption
reference refund region register reject relation renewal repayment report request reserve residence response result
retention return revenue review reward right risk role rule salary sale sample saving scenario schedule scheme score
sector security segment seller sentiment sequence service session settlement severity share shareholder shift signal
signature simulation spending split spread staff stage standing statement status step stock strategy stress subject
subscription supplier support surplus survey swap system target tax team tenor term test theft threshold ticket tier
time title total trade trader transaction transfer treasury trend trust turnover type unit usage user utility
valuation value variance vendor version visit volatility volume voucher wage warning wealth week weight withdrawal year
yield zone
"""
WORDS = _TEXT.split()


@dataclass(frozen=True)
class Size:
    """Size of the generated mesh."""

    products: int
    columns: int


@dataclass(frozen=True)
class Product:
    """A generated product and its inputs."""

    domain: str
    name: str
    columns: tuple[str, ...]
    inputs: tuple[Product, ...]

    @property
    def id(self) -> str:
        """`domain.product`."""
        return f"{self.domain}.{self.name}"


def invent(size: Size, draw: random.Random) -> list[Product]:
    """Return products in layers: the first reads nothing, others read one to four products of the two layers before."""
    layers: list[list[Product]] = [[] for _ in range(LAYERS)]
    names: set[str] = set()
    for number in range(size.products):
        share = number / size.products
        layer = 0 if share < SOURCES_SHARE else 1 + int((share - SOURCES_SHARE) / (1 - SOURCES_SHARE) * (LAYERS - 1))
        name = "_".join(draw.sample(WORDS, draw.choice((2, 3, 3, 4))))
        while name in names:
            name = "_".join(draw.sample(WORDS, 3))
        names.add(name)
        columns: dict[str, None] = {}
        while len(columns) < size.columns:
            columns["_".join(draw.sample(WORDS, draw.choice((1, 2, 2, 3))))] = None
        near = layers[layer - 1] + (layers[layer - 2] if layer > 1 else []) if layer else []
        inputs = tuple(draw.sample(near, min(len(near), draw.choice((1, 2, 3, 4))))) if layer else ()
        layers[layer].append(Product(f"domain_{number % 20}", name, tuple(columns), inputs))
    return [product for layer in layers for product in layer]


_ROLES = (
    "{a} of the {b} in the {c} {d}",
    "which {a} the {b} {c} had at the {d}",
    "{a} and {b}, as the {c} of the {d} says",
)


def contract_text(product: Product, draw: random.Random, edition: int) -> str:
    """Return the contract of a product; a later edition changes the description of one column."""
    sentence = draw.choice(_ROLES)

    def say() -> str:
        a, b, c, d, e, f = draw.sample(WORDS, 6)
        return f"{sentence.format(a=a.capitalize(), b=b, c=c, d=d)}, by {e} and {f}."

    lines = [
        *("apiVersion: v3.1.0", "kind: DataContract", f"id: {product.id}", f"name: {product.name}"),
        *(f"domain: {product.domain}", f"version: 1.{edition}.0", "status: active"),
        f"tags: [{', '.join(draw.sample(WORDS, 3))}]",
        f"description: {{purpose: '{say()}', usage: '{say()}', limitations: '{say()}'}}",
        f"team: {{name: {product.domain}-data}}",
        f"support: [{{channel: {product.domain}-help}}]",
        "slaProperties: [{property: freshness, value: 1, unit: d}]",
        "customProperties: [{property: productType, value: aggregate}]",
        *("schema:", f"  - name: {product.name}", f"    description: '{say()}'"),
        *(f"    dataGranularityDescription: '{say()}'", "    properties:"),
    ]
    for number, column in enumerate(product.columns):
        classification = draw.choice(("public", "internal", "internal", "confidential"))
        kind = "integer" if number == 0 else draw.choice(("string", "integer", "date", "boolean"))
        lines.append(f"      - name: {column}")
        lines.append(f"        description: '{say()}{' Corrected.' * (edition * (number == 1))}'")
        lines += [f"        logicalType: {kind}", f"        classification: {classification}", "        required: true"]
        lines += ["        primaryKey: true", "        primaryKeyPosition: 1"] if number == 0 else []
    return "\n".join(lines) + "\n"


def lineage_of(product: Product, draw: random.Random) -> dict[str, Any] | None:
    """Return the lineage of each column; empty for a product without inputs."""
    from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype

    def ref() -> ColumnRef:
        source = draw.choice(product.inputs)
        return ColumnRef(source.id, draw.choice(source.columns))

    if not product.inputs:
        return StepLineage({name: frozenset() for name in product.columns}).to_json()
    hows = (
        TransformationSubtype.IDENTITY,
        TransformationSubtype.IDENTITY,
        TransformationSubtype.TRANSFORMATION,
        TransformationSubtype.AGGREGATION,
        TransformationSubtype.CONDITIONAL,
    )
    columns = {
        name: frozenset(Dependency(ref(), draw.choice(hows)) for _ in range(draw.choice((1, 2, 3, 6))))
        for name in product.columns
    }
    rows = frozenset(
        Dependency(ref(), how)
        for how in (TransformationSubtype.JOIN, TransformationSubtype.FILTER, TransformationSubtype.JOIN)
    )
    opaque = frozenset(ref() for _ in range(10)) if draw.random() < 0.05 else frozenset()  # noqa: PLR2004
    return StepLineage(columns, rows, opaque).to_json()


def publish(home: Path, product: Product, digests: list[str], version: int, draw: random.Random) -> None:
    """Write one more commit to the product's Delta log; its data files do not exist."""
    from bankmesh.ports import Provenance, port_at
    from bankmesh.ports.publication import COMMIT_KEY, to_commit

    port = port_at(home, product.id, 1)
    clauses = [{"name": f"{name}__required", "outcome": "passed"} for name in product.columns]
    provenance = Provenance(
        run_id=f"run-{version}",
        contract_version=f"1.{min(version, len(digests) - 1)}.0",
        code_version="1",
        inputs={source.id: version for source in product.inputs},
        partitions=None,
        gate={"counts": {"passed": len(clauses)}, "clauses": clauses},
        attempt=1,
        contract_digest=digests[min(version, len(digests) - 1)],
        lineage=lineage_of(product, draw),
    )
    at = datetime.now(UTC) - timedelta(days=VERSIONS - version)
    record = to_commit(port.app_id, f"candidate-{version}", 1_000, 50_000, provenance)
    log = port.path / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"commitInfo": {"timestamp": int(at.timestamp() * 1000), COMMIT_KEY: record}})
    (log / f"{version:020d}.json").write_text(line + "\n", encoding="utf-8")


def make_mesh(folder: Path, size: Size, draw: random.Random) -> tuple[Settings, list[Product]]:
    """Write contracts, Delta logs and kept contracts."""
    from bankmesh.ports import keep_contract, port_at
    from bankmesh.settings import Settings

    settings = Settings(root=folder / "workspace", home=folder / "home", exports=folder / "exports")
    products = invent(size, draw)
    for product in products:
        package = settings.root / "domains" / product.domain / "src" / product.domain
        (package / "contracts").mkdir(parents=True, exist_ok=True)
        (package / "definitions.py").touch()
        seed = draw.random()
        texts = [contract_text(product, random.Random(seed), edition) for edition in (0, 1)]  # noqa: S311
        (package / "contracts" / f"{product.name}.odcs.yaml").write_text(texts[1], encoding="utf-8")
        digests = [keep_contract(port_at(settings.home, product.id, 1), text) for text in texts]
        for version in range(VERSIONS):
            publish(settings.home, product, digests, version, draw)
    return settings, products


def log_checks(instance: dg.DagsterInstance, products: list[Product]) -> int:
    """Write one evaluation of each check to the event log, as the gate does; return their number."""
    import dagster as dg
    from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
    from dagster._core.events import DagsterEvent, DagsterEventType

    storage: Any = instance.event_log_storage
    count = 0
    with storage.index_transaction() as connection:
        for product in products:
            for column in product.columns:
                data = AssetCheckEvaluation(
                    asset_key=dg.AssetKey([product.domain, product.name]),
                    check_name=f"{column}__required",
                    passed=True,
                    metadata={
                        "outcome": dg.TextMetadataValue("passed"),
                        "failing rows": dg.IntMetadataValue(0),
                        "rows looked at": dg.IntMetadataValue(1_000),
                    },
                )
                event = DagsterEvent(DagsterEventType.ASSET_CHECK_EVALUATION.value, "job", event_specific_data=data)
                entry = dg.EventLogEntry(
                    error_info=None,
                    level=20,
                    user_message="",
                    run_id="run-2",
                    timestamp=time.time(),
                    dagster_event=event,
                )
                connection.execute(storage.prepare_insert_event(entry))
                count += 1
    return count

"""A tiny workspace written into a temporary folder: one domain `shop`, one legacy system `till`, five products.

    till.sale ─┬─► sale (Polars) ─► customer_spend (dbt) ─► top_customer (dbt; refers to sale too)
               └─► monthly_sale (dbt, partitioned by month)
    till.hour ───► opening_hour (Polars)

The domain may have another name, so that several workspaces can be imported into one process.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent, indent

REPOSITORY = Path(__file__).resolve().parents[3]
"""Its dbt project gives the settings of dbt; everything else is written here."""

HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: shop.{name}
domain: shop
name: {name}
version: {version}
status: active
tags: [Point of Sale]
description:
  purpose: {purpose}
team:
  name: Shop Data
support:
  - channel: shop-help
slaProperties:
  - property: freshness
    value: 1
    unit: d
customProperties:
  - property: productType
    value: source-aligned
"""

SALE = """\
schema:
  - name: sale
    properties:
      - {name: sale_id, logicalType: integer, primaryKey: true, description: Number of the sale., classification: internal}
      - {name: customer_id, logicalType: integer, required: true, description: Who bought., classification: internal}
      - {name: sold_on, logicalType: date, required: true, description: Day of the sale., classification: internal}
      - name: amount
        logicalType: number
        physicalType: decimal(18,2)
        required: true
        description: What was paid.
        classification: confidential
        logicalTypeOptions: {minimum: 0}
      - {name: voucher, logicalType: string, description: Voucher used., classification: restricted}
      - {name: remark, logicalType: string, description: What the cashier wrote., classification: restricted}
    quality:
      - id: voucher_is_positive
        type: sql
        query: select count(*) from ${table} where cast(voucher as bigint) <= 0
        mustBe: 0
        description: Vouchers are numbered from one.
      - id: sales_are_small
        type: sql
        query: select count(*) from ${table} where amount > 500
        mustBe: 0
        severity: warning
        description: Large sales are rare.
"""

CUSTOMER_SPEND = """\
schema:
  - name: customer_spend
    properties:
      - {name: customer_id, logicalType: integer, primaryKey: true, description: Who bought., classification: internal}
      - {name: sales, logicalType: integer, required: true, description: Number of sales., classification: internal}
      - name: total
        logicalType: number
        physicalType: decimal(18,2)
        required: true
        description: Sum of all sales.
        classification: confidential
        logicalTypeOptions: {maximum: 1000}
      - {name: largest_sale_id, logicalType: integer, description: The largest sale., classification: internal}
      - name: last_remark
        logicalType: string
        description: The remark of the last sale.
        classification: restricted
        logicalTypeOptions: {pattern: "[a-z ]*"}
"""

TOP_CUSTOMER = """\
schema:
  - name: top_customer
    properties:
      - {name: customer_id, logicalType: integer, primaryKey: true, description: Who bought most., classification: internal}
      - name: largest_sale_id
        logicalType: integer
        description: The largest sale.
        classification: internal
        relationships:
          - to: sale.sale_id
"""

OPENING_HOUR = """\
schema:
  - name: opening_hour
    properties:
      - {name: weekday, logicalType: string, primaryKey: true, description: Day of the week., classification: public}
      - {name: opens, logicalType: integer, required: true, description: Hour of opening., classification: public}
"""

MONTHLY_SALE = """\
  - property: partitioning
    value: {granularity: month, start: "2024-01-01", end: "2024-05-01"}
schema:
  - name: monthly_sale
    properties:
      - {name: sale_id, logicalType: integer, primaryKey: true, description: Number of the sale., classification: internal}
      - name: month
        logicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        description: First day of the month.
        classification: internal
      - {name: sold_on, logicalType: date, required: true, description: Day of the sale., classification: internal}
      - {name: amount, logicalType: number, physicalType: "decimal(18,2)", required: true, description: Paid., classification: confidential}
"""

CONTRACTS = {
    "sale": ("What was sold at the till.", SALE),
    "customer_spend": ("What each customer has spent.", CUSTOMER_SPEND),
    "top_customer": ("Who has spent most.", TOP_CUSTOMER),
    "opening_hour": ("When the shop opens.", OPENING_HOUR),
    "monthly_sale": ("Sales by month.", MONTHLY_SALE),
}

SYSTEM = """\
system: till
description: The till of the shop.
owner: till-team
folder: till
format: {delimiter: ",", quote: '"', encoding: utf-8, header: true}
objects:
  sale:
    description: One row for each sale.
    files: [sale.csv]
    may_be_empty: true
    missing: [""]
    columns:
      sale_id: {type: long, required: true, classification: internal, description: Number of the sale.}
      customer_id: {type: long, required: true, classification: internal, description: Who bought.}
      sold_on: {type: date, format: "%Y-%m-%d", required: true, classification: internal, description: Day of the sale.}
      amount: {type: "decimal(14,2)", required: true, classification: confidential, description: What was paid.}
      voucher: {type: string, classification: restricted, description: Voucher used.}
      remark: {type: string, classification: restricted, description: What the cashier wrote.}
  hour:
    description: One row for each weekday.
    files: [hour.csv]
    columns:
      weekday: {type: string, required: true, classification: public, description: Day of the week.}
      opens: {type: long, required: true, classification: public, description: Hour of opening.}
"""

MODELS = {
    "staging/stg_till__sales.sql": """\
        select sale_id, customer_id, sold_on, amount
        from {{ source('till', 'sale') }}
        where {{ in_partitions('sold_on') }}
        """,
    "products/monthly_sale.sql": """\
        select sale_id, cast(date_trunc('month', sold_on) as date) as month, sold_on, amount
        from {{ ref('stg_till__sales') }}
        """,
    "products/customer_spend.sql": """\
        select
            customer_id, count(*) as sales, sum(amount) as total,
            max_by(sale_id, amount) as largest_sale_id, max_by(remark, sale_id) as last_remark
        from {{ source('shop', 'sale') }}
        group by customer_id
        """,
    "products/top_customer.sql": """\
        select customer_id, largest_sale_id
        from {{ source('shop', 'customer_spend') }}
        qualify row_number() over (order by total desc, customer_id) = 1
        """,
}

DEFINITIONS = '''\
"""The shop."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
'''

PYPROJECT = """\
[project]
name = "shop"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shop"
code_location_target_module = "shop.definitions"
"""

TRANSFORMS = {
    "sale": (
        "sales: till.sale",
        'def sale(sales):\n    return sales.drop("complete_through").sort("sale_id")\n',
    ),
    "opening_hour": (
        "hours: till.hour",
        'def opening_hour(hours):\n    return hours.select("weekday", "opens")\n',
    ),
}


@dataclass(frozen=True)
class Sale:
    """One row of the till's export."""

    sale_id: int
    customer_id: int
    sold_on: str
    amount: str
    voucher: str = "17"
    remark: str = "thank you"


SALES = (
    Sale(1, 1, "2024-01-05", "10.00"),
    Sale(2, 1, "2024-01-31", "20.50"),
    Sale(3, 2, "2024-02-01", "5.25"),
    Sale(4, 3, "2024-03-15", "100.00"),
)


def changed(sale_id: int, sales: tuple[Sale, ...] = SALES, **changes: object) -> tuple[Sale, ...]:
    """The sales, one of them changed."""
    return tuple(replace(sale, **changes) if sale.sale_id == sale_id else sale for sale in sales)


def write_exports(folder: Path, sales: tuple[Sale, ...] = SALES) -> None:
    """What the till exports."""
    (folder / "till").mkdir(parents=True, exist_ok=True)
    with (folder / "till" / "sale.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(Sale.__dataclass_fields__)
        rows.writerows([getattr(sale, name) for name in Sale.__dataclass_fields__] for sale in sales)
    (folder / "till" / "hour.csv").write_text("weekday,opens\nmonday,8\nsunday,10\n", encoding="utf-8")


def contract_text(name: str, version: str = "1.0.0") -> str:
    """The contract of one of the shop's products."""
    purpose, body = CONTRACTS[name]
    return HEAD.format(name=name, purpose=purpose, version=version) + body


def consumed_by(text: str, *consumers: str) -> str:
    """The contract with the products of other domains that may read it."""
    return text.replace(
        "customProperties:\n", f"customProperties:\n  - property: consumers\n    value: [{', '.join(consumers)}]\n", 1
    )


def at_stage(text: str, status: str, on: str = "2026-01-01", **properties: str) -> str:
    """The contract at another stage of its life, as its record says; `properties` are custom ones, written in YAML."""
    entry = f'[{{status: {status}, date: "{on}", by: shop-data, why: The window decided so.}}]'
    if status == "deprecated":
        properties = {"endOfSupport": '"2027-06-30"'} | properties
    written = "".join(f"  - property: {key}\n    value: {value}\n" for key, value in properties.items())
    text = text.replace("status: active", f"status: {status}", 1)
    return text.replace("schema:\n", f"  - property: lifecycle\n    value: {entry}\n{written}schema:\n", 1)


def deprecated_text(name: str) -> str:
    """The contract of a product's first major, once a second one is there."""
    ending = {"replacedBy": f"shop.{name}@2", "consumers": "[shop-window, tax-office]"}
    return at_stage(contract_text(name, "1.1.0"), "deprecated", **ending)


def write_workspace(root: Path, domain: str = "shop") -> Path:
    """The whole workspace with a domain of that name; returns the folder to put on the import path."""
    dbt = root / "dbt_project"
    dbt.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dbt_project/dbt_project.yml", dbt / "dbt_project.yml")
    source = root / "domains" / domain / "src"
    texts = {
        root
        / "workspace.yaml": "load_from:\n  - python_module: {module_name: shop.definitions, location_name: shop}\n",
        root / "domains" / domain / "pyproject.toml": PYPROJECT,
        source / domain / "__init__.py": "",
        source / domain / "definitions.py": DEFINITIONS,
        source / domain / "sources" / "till.yaml": SYSTEM,
        source / domain / "defs" / "__init__.py": "",
        source / domain / "defs" / "legacy" / "defs.yaml": "type: bankmesh.LegacySources\n",
        source / domain / "defs" / "dbt_products" / "defs.yaml": "type: bankmesh.DbtDataProducts\n",
    }
    for name in CONTRACTS:
        texts[source / domain / "contracts" / f"{name}.odcs.yaml"] = contract_text(name)
    for name, (inputs, code) in TRANSFORMS.items():
        texts[source / domain / "defs" / name / "transform.py"] = code
        texts[source / domain / "defs" / name / "defs.yaml"] = _polars_product(name, inputs)
    for name, sql in MODELS.items():
        texts[dbt / "models" / domain / name] = dedent(sql)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("shop", domain), encoding="utf-8")
    return source


def _polars_product(name: str, inputs: str) -> str:
    attributes = f"contract: {name}\ntransform: .transform:{name}\ninputs:\n  {inputs}\n"
    return "type: bankmesh.PolarsDataProduct\nattributes:\n" + indent(attributes, "  ")

"""Small dbt projects of three styles, as teams bring them: layered with seeds, flat over files, and with everything else."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LAYERED: Mapping[str, str] = {
    "dbt_project.yml": """\
        name: corner_cafe
        version: 1.0.0
        profile: cafe
        seed-paths: [jaffle-data]
        vars: {least_total: 0}
        models:
          corner_cafe:
            staging: {+materialized: view}
            marts: {+materialized: table}
        """,
    "jaffle-data/raw_customers.csv": 'id,first_name,last_name\n1,Ann,Novak\n2,Bob,\n3,"Cyril, jr.",Dvorak\n',
    "jaffle-data/raw_orders.csv": (
        "ID,USER_ID,ORDER_DATE,STATUS,GIFT\n"
        "1,1,2018-01-01,returned,true\n2,3,2018-01-02,completed,false\n3,1,2018-01-04,completed,\n4,2,2018-02-04,placed,True\n"
    ),
    "jaffle-data/raw_payments.csv": "id,order_id,method,amount\n1,1,card,1000\n2,2,coupon,2000\n3,3,card,\n4,4,card,1799\n",
    "models/staging/stg_customers.sql": """\
        with source as (
            select * from {{ ref('raw_customers') }}
        )
        select id as customer_id, first_name, last_name from source
        """,
    "models/staging/stg_orders.sql": """\
        select id as order_id, user_id as customer_id, order_date, status, gift from {{ ref("raw_orders") }}
        """,
    "models/staging/stg_payments.sql": """\
        select id as payment_id, order_id, method, amount / 100 as amount from {{ ref('raw_payments') }}
        """,
    "models/staging/schema.yml": """\
        version: 2
        models:
          - name: stg_customers
            columns:
              - name: customer_id
                data_tests: [unique, not_null]
        seeds:
          - name: raw_orders
            description: Orders as the till writes them.
            columns:
              - name: ID
                description: Number of the order.
                data_tests: [not_null]
        """,
    "models/marts/orders.sql": """\
        with payments as (
            select order_id, sum(amount) as amount from {{ ref('stg_payments') }} group by order_id
        )
        select o.order_id, o.customer_id, o.order_date, o.status, p.amount, count(*) over () as all_orders
        from {{ ref('stg_orders') }} as o
        left join payments as p using (order_id)
        where coalesce(p.amount, 1) > {{ var('least_total') }}
        """,
    "models/marts/customers.sql": """\
        {{ config(materialized='table', tags=['core']) }}
        select
            c.customer_id,
            c.first_name || coalesce(' ' || c.last_name, '') as customer,
            min(o.order_date) as first_order,
            count(o.order_id) as number_of_orders,
            sum(o.amount) as lifetime_value,
            sum(o.order_id) as order_ids
        from {{ ref('stg_customers') }} as c
        left join {{ ref('orders') }} as o on o.customer_id = c.customer_id
        group by all
        """,
    "models/marts/schema.yml": """\
        version: 2
        models:
          - name: customers
            description: "{{ doc('customers_doc') }}"
            columns:
              - name: customer_id
                description: Number of the customer.
                data_tests: [unique, not_null]
              - name: customer
                description: "{{ doc('full_name') }}"
          - name: orders
            description: One row for each order.
            columns:
              - {name: order_id, description: The order., data_tests: [not_null, unique]}
              - name: customer_id
                data_tests:
                  - not_null
                  - relationships: {arguments: {to: ref('customers'), field: customer_id}}
              - name: status
                data_tests:
                  - accepted_values: {arguments: {values: [placed, completed, returned]}}
              - name: amount
                data_tests:
                  - not_null: {config: {severity: warn}}
        unit_tests:
          - name: amounts_are_summed
            model: orders
            given:
              - input: ref('stg_orders')
                rows: [{order_id: 1, customer_id: 1, status: placed}]
              - input: ref('stg_payments')
                rows: [{order_id: 1, amount: 2}, {order_id: 1, amount: 3}]
            expect:
              rows: [{order_id: 1, amount: 5}]
        """,
    "models/docs.md": "{% docs customers_doc %}\nOne row for each customer,\nwith sums.\n{% enddocs %}\n{% docs full_name %}Both names.{% enddocs %}\n",
    "tests/no_future_orders.sql": "select * from {{ ref('orders') }} where order_date > date '2100-01-01'\n",
}


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project, with what is indented in the text of a file set back."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder

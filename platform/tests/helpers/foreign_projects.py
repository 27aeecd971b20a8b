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

FLAT: Mapping[str, str] = {
    "dbt_project.yml": "name: harbour\nversion: 2.1.0\nprofile: harbour\nconfig-version: 2\n",
    "models/harbour.yml": """\
        version: 2
        groups:
          - name: quays
            owner: {name: Quay Team, email: quays@bank.example}
        sources:
          - name: harbour
            description: The harbour master's books.
            loaded_at_field: seen_at
            freshness: {warn_after: {count: 6, period: hour}, error_after: {count: 12, period: hour}}
            tables:
              - name: ships
                description: Ships, as they are registered.
                columns:
                  - {name: ShipNo, description: Number in the register., data_tests: [not_null]}
                  - name: flag
                    data_tests: [{accepted_values: {arguments: {values: [CZ, DE, NL]}}}]
                  - {name: captain_email, meta: {contains_pii: true}}
              - name: berth
          - name: tolls
            meta: {external_location: "books/{name}.csv"}
            tables:
              - name: toll
                freshness: null
        models:
          - name: berths
            description: Stays of ships.
            latest_version: 2
            group: quays
            access: public
            config: {meta: {steward: harbour-master, cost_centre: 17}}
            columns:
              - {name: ship_no, data_type: integer, data_tests: [not_null, {relationships: {arguments: {to: ref('ships'), field: ship_no}}}]}
              - {name: arrived_at, data_type: timestamp, data_tests: [not_null]}
              - {name: length_m, data_type: "decimal(6,2)"}
            versions:
              - v: 1
                columns: [{include: all, exclude: [length_m]}]
              - v: 2
          - name: ships
            tags: [register]
            columns:
              - {name: ship_no, description: Number in the register., data_tests: [unique, not_null]}
              - {name: contact, description: Whom to call.}
          - name: toll_by_day
            columns:
              - {name: day, data_tests: [not_null]}
            data_tests:
              - unique_day_and_flag
        exposures:
          - name: harbour_board
            type: dashboard
            owner: {name: Board Office, email: board@bank.example}
            depends_on: [ref('berths'), ref('ships')]
        """,
    "macros/unique_day_and_flag.sql": """\
        {% test unique_day_and_flag(model) %}
            select day, flag from {{ model }} group by day, flag having count(*) > 1
        {% endtest %}
        """,
    "models/ships.sql": """\
        select "ShipNo" as ship_no, name, flag, captain_email as contact from {{ source('harbour', 'ships') }}
        """,
    "models/berths_v1.sql": "select ship_no, arrived_at from {{ ref('berths', v=2) }}\n",
    "models/berths_v2.sql": """\
        select ship_no, arrived_at, cast(length_m as decimal(6,2)) as length_m
        from {{ source('harbour', 'berth') }}
        """,
    "models/toll_by_day.sql": """\
        select t.day, s.flag, count(*) as ships, sum(t.toll) as toll, max(b.arrived_at) as last_arrival
        from {{ source("tolls", "toll") }} as t
        join {{ ref('ships') }} as s using (ship_no)
        left join {{ ref('berths') }} as b using (ship_no)
        group by all
        """,
    "books/toll.csv": "ship_no;day;toll;paid\n1;05.01.2024;10.50;true\n2;05.01.2024;3;false\n1;06.01.2024;;true\n",
    "data/harbour/ships.csv": (
        'ShipNo,name,flag,captain_email\n1,Vltava,CZ,v@ship.example\n2,Elbe,DE,\n3,"Maas\nNoord",NL,m@ship.example\n'
    ),
    "data/harbour/berth.csv": (
        "ship_no,arrived_at,length_m,quay\n"
        "1,2024-01-05 08:00:00,80.5,007\n2,2024-01-05 09:30:00,66,012\n1,2024-01-06 07:15:00,80.5,007\n"
    ),
}

EVERYTHING: Mapping[str, str] = {
    "dbt_project.yml": """\
        name: ledger
        version: 1.0.0
        profile: ledger
        on-run-start: ["create table if not exists audit (seen timestamp)"]
        vars: {surcharge: 2}
        models:
          ledger:
            +post-hook: "insert into audit values (now())"
            core: {+materialized: table}
        """,
    "packages.yml": "packages:\n  - local: shared/rounding\n",
    "shared/rounding/dbt_project.yml": "name: rounding\nversion: 1.0.0\n",
    "shared/rounding/macros/rounded.sql": (
        "{% macro rounded(x, places=2) %}cast({{ x }} as decimal(18, {{ places }})){% endmacro %}\n"
        "{% test at_least(model, column_name, least) %}"
        "select * from {{ model }} where {{ column_name }} < {{ least }}{% endtest %}\n"
    ),
    "seeds/entries.csv": "entry_id,account,booked_on,amount,side\n1,A1,2024-01-01,10.25,D\n2,A2,2024-01-02,7.5,C\n3,A1,2024-01-02,1,D\n",
    "seeds/seeds.yml": """\
        seeds:
          - name: entries
            config: {column_types: {amount: "decimal(12,2)"}}
            columns:
              - {name: side, data_tests: [{accepted_values: {arguments: {values: [D, C]}}}]}
        """,
    "macros/signed.sql": """\
        {% macro signed(amount, side) %}case when {{ side }} = 'D' then {{ amount }} else -{{ amount }} end{% endmacro %}
        {% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}
        {% macro latest_day() %}(select max(booked_on) from {{ ref('entries') }}){% endmacro %}
        """,
    "models/prep/prep_entries.py": """\
        def model(dbt, session):
            dbt.config(materialized="table")
            return dbt.ref("entries").filter("amount > 0")
        """,
    "models/core/postings.sql": """\
        {{
          config(
            materialized='incremental', unique_key='entry_id', tags=["daily", "a,b"],
            post_hook="analyze"
          )
        }}
        -- {{ ref('no_model_of_this_name') | default('') if false }}
        {# {{ ref('commented') }} #}
        select entry_id, account, booked_on, {{ signed('amount', 'side') }} as amount from {{ ref('prep_entries') }}
        {% if is_incremental() %}
        where booked_on > (select max(booked_on) from {{ this }})
        {% endif %}
        """.replace("        -- {{ ref('no_model_of_this_name') | default('') if false }}\n", ""),
    "models/core/accounts.sql": """\
        {{ config(alias='accounts_now', materialized='table') }}
        select account, {{ rounding.rounded('sum(amount) + ' ~ var('surcharge')) }} as total, {{ latest_day() }} as as_of
        from {{ ref('postings') }} group by account
        """,
    "models/core/account_history.sql": "select * from {{ ref('accounts_snapshot') }}\n",
    "models/core/account_count.sql": "select count(*) as accounts from {{ ref('account_history') }}\n",
    "models/core/schema.yml": """\
        version: 2
        models:
          - name: postings
            description: "Postings, {{ doc('signed') }}"
            columns:
              - {name: entry_id, data_tests: [unique: {config: {where: "amount > 0"}}]}
              - name: account
                data_tests: [not_null]
          - name: accounts
            config: {contract: {enforced: true}}
            columns:
              - name: account
                data_type: varchar
                constraints: [{type: not_null}]
                data_tests: [unique, not_null]
              - name: total
                data_type: decimal(18,2)
                data_tests:
                  - rounding.at_least: {arguments: {least: -100}, config: {severity: warn}}
              - {name: as_of, data_type: date}
        """,
    "models/core/words.md": "{% docs signed %}debits are positive{% enddocs %}\n",
    "tests/few_accounts.sql": "select count(*) as n from {{ ref('accounts') }} having n > 1000\n",
    "snapshots/accounts_snapshot.sql": """\
        {% snapshot accounts_snapshot %}
        {{ config(target_schema='snapshots', unique_key='entry_id', strategy='check', check_cols='all') }}
        select * from {{ ref('entries') }}
        {% endsnapshot %}
        """,
    "analyses/totals.sql": "select sum(total) from {{ ref('accounts') }}\n",
}


def write_project(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a project, with what is indented in the text of a file set back."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder

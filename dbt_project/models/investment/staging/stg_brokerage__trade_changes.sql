with source as (

    select * from {{ source('brokerage', 'trade') }}

),

-- a file that is sent twice, or split differently, has the same changes again, so they are made distinct over all files
distinct_changes as (

    select distinct
        trade_id,
        sequence,
        change,
        changed_at,
        status,
        trade_type,
        is_cash,
        symbol,
        quantity,
        bid_price,
        account_number,
        executor,
        trade_price,
        charge,
        commission,
        tax
    from source

),

-- one sequence of one trade is one change; if two records disagree, the choice depends on their content,
-- never on their file or line
numbered as (

    select
        *,
        count(*) over (partition by trade_id, sequence) as versions,
        row_number() over (
            partition by trade_id, sequence
            order by
                changed_at, change, status, trade_type, is_cash, symbol, quantity, bid_price, account_number,
                executor, trade_price, charge, commission, tax
        ) as version_number
    from distinct_changes

)

select
    trade_id,
    sequence,
    change,
    changed_at,
    status,
    trade_type,
    is_cash,
    symbol,
    quantity,
    bid_price,
    account_number,
    executor,
    trade_price,
    charge,
    commission,
    tax,
    versions > 1 as is_contradicted
from numbered
where version_number = 1

-- The custodian's positions, with the positions that follow from the trades completed up to the day of the report.
with positions as (

    select
        position_date,
        account_number,
        symbol,
        sum(quantity) as quantity,
        sum(market_value) as market_value,
        count(*) as source_lines
    from {{ source('custodian', 'position') }}
    group by position_date, account_number, symbol

),

-- expected positions are computed for every report with the account, also for securities that the custodian omits
reports as (

    select
        position_date,
        account_number,
        min(party_id) as party_id,
        min(custodian) as custodian,
        -- null, and so refused by the contract, if one account is reported in two currencies
        case when min(currency) = max(currency) then min(currency) end as currency
    from {{ source('custodian', 'position') }}
    group by position_date, account_number

),

trades as (

    select
        account_number,
        symbol,
        status,
        first_seen_at,
        last_changed_at,
        cast(timezone('UTC', completed_at) as date) as completed_on,
        case when side = 'BUY' then quantity else -quantity end as signed_quantity
    from {{ source('investment', 'trade_executions') }}

),

-- before the first known trade and after the last known change, expected positions are unknown
span as (

    select
        min(cast(timezone('UTC', first_seen_at) as date)) as first_day,
        max(cast(timezone('UTC', last_changed_at) as date)) as last_day
    from trades

),

known_accounts as (

    select distinct account_number from trades

),

expected as (

    select
        reports.position_date,
        reports.account_number,
        trades.symbol,
        sum(trades.signed_quantity) as quantity
    from reports
    inner join trades
        on reports.account_number = trades.account_number and reports.position_date >= trades.completed_on
    where trades.status = 'COMPLETED'
    group by reports.position_date, reports.account_number, trades.symbol

),

compared as (

    select
        coalesce(positions.position_date, expected.position_date) as position_date,
        coalesce(positions.account_number, expected.account_number) as account_number,
        coalesce(positions.symbol, expected.symbol) as symbol,
        coalesce(positions.quantity, 0) as quantity,
        coalesce(positions.market_value, 0) as market_value,
        coalesce(positions.source_lines, 0) as source_lines,
        coalesce(expected.quantity, 0) as expected_quantity
    from positions
    full outer join expected
        on
            positions.position_date = expected.position_date
            and positions.account_number = expected.account_number
            and positions.symbol = expected.symbol
    -- a security that was bought and sold again is correctly in no report
    where positions.symbol is not null or expected.quantity <> 0

),

judged as (

    select
        compared.*,
        reports.party_id,
        reports.custodian,
        reports.currency,
        known_accounts.account_number is not null
        and compared.position_date between span.first_day and span.last_day as is_comparable
    from compared
    cross join span
    inner join reports
        on compared.position_date = reports.position_date and compared.account_number = reports.account_number
    left join known_accounts on compared.account_number = known_accounts.account_number

)

select
    'CUSTODY-' || account_number as portfolio_id,
    custodian || ', account ' || account_number as portfolio_name,
    party_id,
    position_date as reporting_date,
    symbol,
    quantity,
    market_value,
    currency,
    source_lines,
    case when is_comparable then expected_quantity end as expected_quantity,
    case when is_comparable then quantity - expected_quantity end as quantity_difference,
    case
        when is_comparable and quantity = expected_quantity then 'MATCHED'
        when is_comparable then 'BREAK'
        else 'NOT_RECONCILED'
    end as reconciliation_status
from judged

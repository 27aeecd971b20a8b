with filer_positions as (

    select
        portfolio_id,
        portfolio_name,
        'FILER' as portfolio_kind,
        reporting_date,
        instrument_id,
        ticker,
        instrument_class,
        instrument_name,
        position_type,
        unit,
        quantity,
        reported_value,
        market_value,
        'USD' as currency,
        value_status,
        value_reason,
        witness_ratio,
        witness_lines,
        header_total,
        header_unit,
        source_lines,
        is_note_filed_as_shares,
        filed_at,
        is_filed_late
    from {{ ref('stg_sec_13f__positions') }}

),

custody_positions as (

    select
        portfolio_id,
        portfolio_name,
        'CUSTODY' as portfolio_kind,
        party_id,
        reporting_date,
        symbol as instrument_id,
        symbol as ticker,
        'NOT STATED' as instrument_class,
        'SHARE' as position_type,
        'SHARES' as unit,
        quantity,
        market_value as reported_value,
        market_value,
        currency,
        'KEPT' as value_status,
        source_lines,
        false as is_note_filed_as_shares,
        expected_quantity,
        quantity_difference,
        reconciliation_status
    from {{ ref('stg_custodian__positions') }}

),

positions as (

    select * from filer_positions
    union all by name
    select * from custody_positions

),

totals as (

    select
        portfolio_id,
        reporting_date,
        sum(market_value) as portfolio_value
    from positions
    group by portfolio_id, reporting_date

)

select
    positions.portfolio_id,
    positions.portfolio_name,
    positions.portfolio_kind,
    positions.party_id,
    positions.reporting_date,
    positions.instrument_id,
    positions.ticker,
    positions.instrument_class,
    positions.instrument_name,
    positions.position_type,
    positions.unit,
    positions.quantity,
    positions.reported_value,
    positions.market_value,
    positions.currency,
    positions.value_status,
    positions.value_reason,
    positions.witness_ratio,
    positions.witness_lines,
    positions.header_total,
    positions.header_unit,
    positions.source_lines,
    positions.is_note_filed_as_shares,
    positions.filed_at,
    positions.is_filed_late,
    positions.expected_quantity,
    positions.quantity_difference,
    positions.reconciliation_status,
    -- null if the value is null, or if no position of the portfolio has a value
    cast(positions.market_value as double) / nullif(cast(totals.portfolio_value as double), 0) as weight
from positions
inner join totals
    on positions.portfolio_id = totals.portfolio_id and positions.reporting_date = totals.reporting_date
order by
    positions.portfolio_id, positions.reporting_date, positions.instrument_id, positions.instrument_class,
    positions.position_type, positions.unit

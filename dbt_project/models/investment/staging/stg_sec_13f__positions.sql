with lines as (

    select * from {{ ref('stg_sec_13f__lines') }}

),

units as (

    select * from {{ ref('stg_sec_13f__units') }}

),

-- a filing may list one instrument on several lines, for example for several managers
positions as (

    select
        cik,
        period,
        instrument_id,
        instrument_class,
        position_type,
        unit,
        ticker,
        max(filer_name) as filer_name,
        max(accepted_at) as accepted_at,
        min(issuer_name) as instrument_name,
        sum(cast(quantity as hugeint)) as quantity,
        sum(cast(reported_value as hugeint)) as reported_value,
        count(*) as source_lines,
        bool_or(is_note_filed_as_shares) as is_note_filed_as_shares
    from lines
    group by all

),

due as (

    select
        *,
        -- 45 days after the end of the quarter
        cast(period + interval 45 day as date) as due_day
    from positions

)

select
    '13F-' || due.cik as portfolio_id,
    due.filer_name as portfolio_name,
    due.period as reporting_date,
    due.instrument_id,
    due.ticker,
    due.instrument_class,
    due.instrument_name,
    due.position_type,
    due.unit,
    due.quantity,
    cast(due.reported_value as decimal(18, 2)) as reported_value,
    due.source_lines,
    due.is_note_filed_as_shares,
    due.accepted_at as filed_at,
    units.header_total,
    units.header_unit,
    units.witness_ratio,
    units.witness_lines,
    units.value_status,
    units.value_reason,
    case units.divisor
        when 1 then cast(due.reported_value as decimal(18, 2))
        when 1000 then cast({{ exact_mean('due.reported_value', '1000') }} as decimal(18, 2))
    end as market_value,
    cast(timezone('UTC', due.accepted_at) as date) > case
        -- a deadline on a weekend moves to the next working day; Monday after 14 February is Washington's Birthday
        when isodow(due.due_day) in (6, 7) and month(due.due_day) = 2
            then due.due_day + cast(9 - isodow(due.due_day) as integer)
        when isodow(due.due_day) in (6, 7) then due.due_day + cast(8 - isodow(due.due_day) as integer)
        else due.due_day
    end as is_filed_late
from due
inner join units on due.cik = units.cik and due.period = units.period

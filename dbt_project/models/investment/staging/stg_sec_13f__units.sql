-- The unit of the values of each filing, and the correction: one row for each filing.
--
-- Some filings have a thousand times their value, some state their total in thousands, and the total does not show
-- which. The filing's implied prices do, compared with those of other filings for the same tickers and date.
with lines as (

    select * from {{ ref('stg_sec_13f__lines') }}

),

totals as (

    select
        cik,
        period,
        sum(cast(reported_value as hugeint)) as lines_total
    from lines
    group by cik, period

),

filings as (

    select
        totals.cik,
        totals.period,
        totals.lines_total,
        headers.header_total,
        coalesce(headers.header_total = totals.lines_total, false) as header_equals_lines
    from totals
    left join {{ ref('stg_sec_13f__filings') }} as headers
        on totals.cik = headers.cik and totals.period = headers.period

),

implied_prices as (

    select
        lines.cik,
        lines.period,
        lines.ticker,
        filings.header_equals_lines,
        lines.reported_value / lines.quantity as price
    from lines
    inner join filings on lines.cik = filings.cik and lines.period = filings.period
    where
        lines.position_type = 'SHARE'
        and lines.ticker is not null
        -- a price of zero is a value that was rounded away
        and lines.reported_value > 0
        and lines.quantity > 0

),

reference_prices as (

    select
        ticker,
        period,
        median(price) as price
    from implied_prices
    where header_equals_lines
    group by ticker, period
    having count(distinct cik) >= 3

),

witnesses as (

    select
        implied_prices.cik,
        implied_prices.period,
        median(implied_prices.price / reference_prices.price) as witness_ratio,
        count(*) as witness_lines
    from implied_prices
    inner join reference_prices
        on implied_prices.ticker = reference_prices.ticker and implied_prices.period = reference_prices.period
    group by implied_prices.cik, implied_prices.period

),

decided as (

    select
        filings.*,
        witnesses.witness_ratio,
        coalesce(witnesses.witness_lines, 0) as witness_lines,
        case
            when witnesses.witness_ratio between 0.8 and 1.25 then 'KEPT'
            when witnesses.witness_ratio between 800 and 1250 then 'DIVIDED_BY_1000'
            when witnesses.witness_ratio is null and filings.header_equals_lines then 'KEPT'
            else 'REFUSED'
        end as value_status
    from filings
    left join witnesses on filings.cik = witnesses.cik and filings.period = witnesses.period

),

scaled as (

    select
        *,
        case value_status when 'KEPT' then 1 when 'DIVIDED_BY_1000' then 1000 end as divisor
    from decided

),

-- a total in a coarser unit than the lines fits if it is their sum, rounded either way
compared as (

    select
        *,
        case
            when abs(header_total * divisor - lines_total) < divisor then 'DOLLARS'
            when abs(header_total * 1000 * divisor - lines_total) < 1000 * divisor then 'THOUSANDS'
        end as header_unit
    from scaled

)

select
    cik,
    period,
    header_total,
    header_unit,
    witness_ratio,
    witness_lines,
    value_status,
    divisor,
    case
        when value_status = 'REFUSED' and witness_ratio is null then 'NO_WITNESS'
        when value_status = 'REFUSED' then 'WITNESS_UNDECIDED'
        when header_unit is null then 'HEADER_MISMATCH'
        when value_status = 'DIVIDED_BY_1000' then 'PRICES_THOUSANDFOLD'
        when witness_ratio is null then 'HEADER_EQUALS_LINES'
    end as value_reason
from compared

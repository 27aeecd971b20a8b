-- one row for each filer and quarter; the pages of a filing all state the same totals
with source as (

    select * from {{ source('sec_13f', 'filing_header') }}

)

select
    cik,
    period,
    max(reported_total) as header_total
from source
group by cik, period

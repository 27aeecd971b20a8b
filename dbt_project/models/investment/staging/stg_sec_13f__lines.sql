with source as (

    select * from {{ source('sec_13f', 'holding') }}

),

cleaned as (

    select
        cik,
        filer_name,
        period,
        accepted_at,
        ticker,
        issuer_id,
        name as issuer_name,
        option_type,
        unit,
        quantity,
        reported_value,
        -- columns of fixed width leave runs of blanks in free text
        coalesce(nullif(regexp_replace(trim(title_of_class), '\s+', ' ', 'g'), ''), 'NOT STATED') as instrument_class
    from source

),

-- notes have a principal amount, yet some filers enter it as a number of shares
marked as (

    select
        *,
        coalesce(
            unit = 'SHARES'
            and option_type is null
            and ticker is null
            and regexp_matches(upper(instrument_class), '(^| )(NOTES?|SDB?CV|CONVBD|CV BND)( |$)'),
            false
        ) as is_note_filed_as_shares
    from cleaned

)

select
    cik,
    filer_name,
    period,
    accepted_at,
    ticker,
    issuer_name,
    instrument_class,
    unit,
    quantity,
    reported_value,
    is_note_filed_as_shares,
    -- a ticker identifies an instrument; without one, the vendor's number of the issuer is the same for all
    -- filers and quarters, and the class distinguishes the issuer's instruments
    coalesce(ticker, 'ISSUER-' || issuer_id) as instrument_id,
    case
        when option_type is not null then option_type
        when unit = 'PRINCIPAL' or is_note_filed_as_shares then 'PRINCIPAL'
        else 'SHARE'
    end as position_type
from marked

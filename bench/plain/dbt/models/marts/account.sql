-- the relationship test reads it: {{ source('polars', 'party') }}
with accounts as (

    select * from {{ ref('stg_accounts') }}

),

dispositions as (

    select
        account_id,
        count(*) filter (where disposition_type = 'DISPONENT') as disponent_count,
        -- null, and so refused by a test, unless an account has exactly one owner
        case
            when count(*) filter (where disposition_type = 'OWNER') = 1
                then max(client_id) filter (where disposition_type = 'OWNER')
        end as owner_party_id
    from {{ ref('stg_dispositions') }}
    group by account_id

)

select
    accounts.account_id,
    dispositions.owner_party_id,
    accounts.district_id,
    accounts.opened_on,
    accounts.statement_frequency,
    coalesce(dispositions.disponent_count, 0) as disponent_count
from accounts
left join dispositions on accounts.account_id = dispositions.account_id
order by accounts.account_id

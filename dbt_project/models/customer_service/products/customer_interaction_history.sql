with contacts as (

    select * from {{ ref('stg_service_desk__complaints') }}
    union all by name
    select * from {{ ref('stg_call_centre__calls') }}
    union all by name
    select * from {{ ref('stg_service_desk__reviews') }}

),

numbers as (

    select
        party_id,
        regexp_replace(phone, '[^0-9]', '', 'g') as phone
    from {{ source('retail', 'party') }}

),

phones as (

    select
        phone,
        max(party_id) as party_id
    from numbers
    group by phone
    -- a number that several parties share does not identify the caller
    having count(*) = 1

),

first_accounts as (

    select
        owner_party_id as party_id,
        min(opened_on) as opened_on
    from {{ source('retail', 'account') }}
    group by owner_party_id

),

matched as (

    select
        contacts.*,
        coalesce(contacts.client_id, phones.party_id) as party_id,
        case
            when contacts.client_id is not null then 'CLIENT_ID'
            when phones.party_id is not null then 'PHONE'
        end as party_match,
        -- The CRM's calendar is exactly this far ahead: every account, card, loan and birth that is in both systems
        -- differs by twenty years to the day.
        cast(contacts.contacted_on - interval 20 year as date) as core_banking_date
    from contacts
    left join phones on contacts.phone = phones.phone

)

select
    matched.interaction_id,
    matched.channel,
    matched.complaint_id,
    matched.party_id,
    matched.party_match,
    matched.contacted_on,
    matched.core_banking_date,
    matched.core_banking_date < first_accounts.opened_on as before_account_opened,
    matched.product,
    matched.sub_product,
    matched.issue,
    matched.submitted_via,
    matched.company_response,
    matched.timely_response,
    matched.sent_on,
    matched.sent_before_received,
    matched.stars,
    matched.district_id,
    matched.call_id,
    matched.call_line,
    matched.call_priority,
    matched.call_service_type,
    matched.call_outcome,
    matched.agent,
    matched.started_at,
    matched.ended_at,
    matched.duration_seconds
from matched
left join first_accounts on matched.party_id = first_accounts.party_id
order by matched.interaction_id

with source as (

    select * from {{ source('service_desk', 'complaint') }}

)

select
    complaint_id as interaction_id,
    'COMPLAINT' as channel,
    complaint_id,
    client_id,
    received_on as contacted_on,
    product,
    sub_product,
    issue,
    submitted_via,
    company_response,
    timely_response,
    sent_on,
    sent_on < received_on as sent_before_received
from source

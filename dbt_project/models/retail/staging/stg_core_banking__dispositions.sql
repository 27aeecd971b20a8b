with source as (

    select * from {{ source('core_banking', 'disp') }}

)

select
    disposition_id,
    client_id as party_id,
    account_id,
    disposition_type
from source

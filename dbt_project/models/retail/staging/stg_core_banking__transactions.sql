with source as (

    select * from {{ source('core_banking', 'trans') }}
    where {{ in_partitions('booking_date') }}

)

select
    transaction_id,
    account_id,
    booking_date,
    direction,
    operation,
    category,
    amount,
    balance_after,
    counterparty_bank,
    -- account 0 without a bank means in the source that there is no counterparty
    case when counterparty_bank is null and counterparty_account = '0' then null else counterparty_account end
        as counterparty_account,
    booking_date <= complete_through as is_day_complete
from source

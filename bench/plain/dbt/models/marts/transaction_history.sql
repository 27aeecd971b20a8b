with bookings as (

    select * from {{ ref('stg_transactions') }}

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
    counterparty_account,
    is_day_complete,
    'CZK' as currency,
    cast(date_trunc('month', booking_date) as date) as booking_month,
    case when direction = 'CREDIT' then amount else -amount end as signed_amount
from bookings

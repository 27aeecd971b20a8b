with customers as (

    select * from {{ ref('int_customer_360__core') }}

)

select
    customer_id,
    full_name,
    address,
    gender,
    age,
    product_holdings,
    account_count,
    card_count,
    loan_count,
    balance,
    transaction_count,
    average_monthly_inflow,
    average_monthly_outflow,
    last_transaction_on,
    marketing_opt_in,
    as_of
from customers
order by customer_id

with loans as (

    select * from {{ ref('stg_loans') }}

)

select
    loan_id,
    account_id,
    granted_on,
    amount,
    duration_months,
    monthly_payment,
    outcome
from loans
order by loan_id

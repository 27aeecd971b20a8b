-- The rules of retail.loan_applications: each column counts what breaks the clause of that name; zero is good.
select
    (count(*) = 0)::int as has_rows,
    count(loan_id) - count(distinct loan_id) as primary_key_unique,
    count_if(loan_id is null) as loan_id__required,
    count_if(account_id is null) as account_id__required,
    (select count(*) from candidate c anti join account a on c.account_id = a.account_id
     where c.account_id is not null) as account_id__references_account,
    count_if(granted_on is null) as granted_on__required,
    count_if(amount is null) as amount__required,
    count_if(amount <= 0) as amount__range,
    count_if(duration_months is null) as duration_months__required,
    count_if(duration_months < 1) as duration_months__range,
    count_if(monthly_payment is null) as monthly_payment__required,
    count_if(monthly_payment <= 0) as monthly_payment__range,
    count_if(outcome is null) as outcome__required,
    count_if(outcome not in ('FINISHED_OK', 'FINISHED_UNPAID', 'RUNNING_OK', 'RUNNING_IN_DEBT'))
        as outcome__invalid_values,
    count_if(abs(amount - duration_months * monthly_payment) > duration_months) as amount_is_the_sum_of_payments
from candidate

-- The rules of retail.customer_360: each column counts what breaks the clause of that name; zero is good.
select
    (count(*) = 0)::int as has_rows,
    count(customer_id) - count(distinct customer_id) as primary_key_unique,
    count_if(customer_id is null) as customer_id__required,
    (select count(*) from candidate c anti join party p on c.customer_id = p.party_id where c.customer_id is not null)
        as customer_id__references_party,
    count_if(gender is null) as gender__required,
    count_if(gender not in ('FEMALE', 'MALE')) as gender__invalid_values,
    count_if(age is null) as age__required,
    count_if(age < 0 or age > 130) as age__range,
    count_if(product_holdings is null) as product_holdings__required,
    count_if(account_count is null) as account_count__required,
    count_if(account_count < 0) as account_count__range,
    count_if(card_count is null) as card_count__required,
    count_if(card_count < 0) as card_count__range,
    count_if(loan_count is null) as loan_count__required,
    count_if(loan_count < 0) as loan_count__range,
    count_if(transaction_count is null) as transaction_count__required,
    count_if(transaction_count < 0) as transaction_count__range,
    count_if(average_monthly_inflow < 0) as average_monthly_inflow__range,
    count_if(average_monthly_outflow < 0) as average_monthly_outflow__range,
    count_if(as_of is null) as as_of__required,
    (count(distinct as_of) <> 1)::int as one_moment,
    count_if(account_count = 0 and (balance is not null or transaction_count > 0)) as disponents_have_no_money
from candidate

-- The rules of retail.transaction_history: each column counts what breaks the clause of that name; zero is good.
select
    (count(*) = 0)::int as has_rows,
    count(transaction_id) - count(distinct transaction_id) as primary_key_unique,
    count_if(transaction_id is null) as transaction_id__required,
    count_if(account_id is null) as account_id__required,
    (select count(*) from candidate c anti join account a on c.account_id = a.account_id
     where c.account_id is not null) as account_id__references_account,
    count_if(booking_month is null) as booking_month__required,
    count_if(booking_date is null) as booking_date__required,
    count_if(direction is null) as direction__required,
    count_if(direction not in ('CREDIT', 'DEBIT')) as direction__invalid_values,
    count_if(operation not in ('CASH_DEPOSIT', 'CASH_WITHDRAWAL', 'CARD_WITHDRAWAL', 'TRANSFER_IN', 'TRANSFER_OUT'))
        as operation__invalid_values,
    count_if(category not in (
        'HOUSEHOLD', 'INSURANCE', 'INTEREST', 'LEASING', 'LOAN_PAYMENT', 'PENALTY_INTEREST', 'PENSION', 'STATEMENT_FEE'
    )) as category__invalid_values,
    count_if(amount is null) as amount__required,
    count_if(amount < 0) as amount__range,
    count_if(signed_amount is null) as signed_amount__required,
    count_if(balance_after is null) as balance_after__required,
    count_if(not regexp_full_match(counterparty_bank, '[A-Z]{2}')) as counterparty_bank__pattern,
    count_if(not regexp_full_match(counterparty_account, '[0-9]+')) as counterparty_account__pattern,
    count_if(currency is null) as currency__required,
    count_if(currency not in ('CZK')) as currency__invalid_values,
    count_if(is_day_complete is null) as is_day_complete__required,
    count_if(signed_amount is distinct from (case when direction = 'CREDIT' then amount else -amount end))
        as signed_amount_follows_direction,
    count_if(booking_month <> date_trunc('month', booking_date)) as booked_in_its_month
from candidate

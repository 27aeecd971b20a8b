-- The rules of retail.credit_card_spending_patterns: each column counts what breaks the clause of that name; zero is
-- good.
select
    (count(*) = 0)::int as has_rows,
    (select count(*) - count(distinct (card_id, month)) from candidate where card_id is not null and month is not null)
        as primary_key_unique,
    count_if(card_id is null) as card_id__required,
    count_if(card_type is null) as card_type__required,
    count_if(card_type not in ('CLASSIC', 'JUNIOR', 'GOLD')) as card_type__invalid_values,
    count_if(party_id is null) as party_id__required,
    (select count(*) from candidate c anti join party p on c.party_id = p.party_id where c.party_id is not null)
        as party_id__references_party,
    count_if(account_id is null) as account_id__required,
    (select count(*) from candidate c anti join account a on c.account_id = a.account_id
     where c.account_id is not null) as account_id__references_account,
    count_if(month is null) as month__required,
    count_if(card_transactions is null) as card_transactions__required,
    count_if(card_transactions < 0) as card_transactions__range,
    count_if(card_amount is null) as card_amount__required,
    count_if(card_amount < 0) as card_amount__range,
    count_if(not isfinite(share_of_debits)) as share_of_debits__finite,
    count_if(share_of_debits < 0 or share_of_debits > 1) as share_of_debits__range,
    count_if(purchase_transactions < 0) as purchase_transactions__range,
    count_if(purchase_amount < 0) as purchase_amount__range,
    count_if(not regexp_full_match(top_merchant_category, '[0-9]{4}')) as top_merchant_category__pattern
from candidate

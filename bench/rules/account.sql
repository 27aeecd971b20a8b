-- The rules of retail.account: each column counts what breaks the clause of that name; zero is good.
select
    (count(*) = 0)::int as has_rows,
    count(account_id) - count(distinct account_id) as primary_key_unique,
    count_if(account_id is null) as account_id__required,
    count_if(account_id < 1) as account_id__range,
    count_if(owner_party_id is null) as owner_party_id__required,
    (select count(*) from candidate c anti join party p on c.owner_party_id = p.party_id
     where c.owner_party_id is not null) as owner_party_id__references_party,
    count_if(disponent_count is null) as disponent_count__required,
    count_if(disponent_count < 0) as disponent_count__range,
    count_if(district_id is null) as district_id__required,
    count_if(opened_on is null) as opened_on__required,
    count_if(statement_frequency is null) as statement_frequency__required,
    count_if(statement_frequency not in ('MONTHLY', 'WEEKLY', 'AFTER_TRANSACTION'))
        as statement_frequency__invalid_values
from candidate

-- The rules of retail.party: each column counts what breaks the clause of that name; zero is good.
select
    (count(*) = 0)::int as has_rows,
    count(party_id) - count(distinct party_id) as primary_key_unique,
    count_if(party_id is null) as party_id__required,
    count_if(party_id < 1) as party_id__range,
    count_if(gender is null) as gender__required,
    count_if(gender not in ('FEMALE', 'MALE')) as gender__invalid_values,
    count_if(birth_date is null) as birth_date__required,
    count_if(district_id is null) as district_id__required,
    count_if(district_id < 1) as district_id__range,
    count_if(district_name is null) as district_name__required,
    count_if(region is null) as region__required,
    count_if(not regexp_full_match(postal_code, '[0-9]{5}')) as postal_code__pattern,
    count_if(not regexp_full_match(email, '[^@ ]+@[^@ ]+')) as email__pattern,
    count_if(full_name is null and (phone is not null or email is not null or address is not null))
        as contact_data_have_a_name
from candidate

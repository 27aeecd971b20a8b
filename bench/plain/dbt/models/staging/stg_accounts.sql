select
    account_id,
    district_id,
    case frequency
        when 'POPLATEK MESICNE' then 'MONTHLY'
        when 'POPLATEK TYDNE' then 'WEEKLY'
        when 'POPLATEK PO OBRATU' then 'AFTER_TRANSACTION'
    end as statement_frequency,
    strptime('19' || date, '%Y%m%d')::date as opened_on
from read_csv(
    '{{ env_var("BANK_DATA") }}/berka_pkdd99/account.asc.gz',
    delim = ';', header = true, quote = '"',
    columns = {'account_id': 'BIGINT', 'district_id': 'BIGINT', 'frequency': 'VARCHAR', 'date': 'VARCHAR'}
)

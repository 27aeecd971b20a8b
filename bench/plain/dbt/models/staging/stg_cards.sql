select
    card_id,
    disp_id as disposition_id,
    upper(type) as card_type,
    strptime('19' || issued, '%Y%m%d %H:%M:%S')::date as issued_on
from read_csv(
    '{{ env_var("BANK_DATA") }}/berka_pkdd99/card.asc.gz',
    delim = ';', header = true, quote = '"',
    columns = {'card_id': 'BIGINT', 'disp_id': 'BIGINT', 'type': 'VARCHAR', 'issued': 'VARCHAR'}
)

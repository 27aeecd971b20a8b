select
    disp_id as disposition_id,
    client_id,
    account_id,
    type as disposition_type
from read_csv(
    '{{ env_var("BANK_DATA") }}/berka_pkdd99/disp.asc.gz',
    delim = ';', header = true, quote = '"',
    columns = {'disp_id': 'BIGINT', 'client_id': 'BIGINT', 'account_id': 'BIGINT', 'type': 'VARCHAR'}
)

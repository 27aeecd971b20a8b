select
    purchase_id,
    card_id,
    strptime('19' || date, '%Y%m%d')::date as purchased_on,
    amount,
    mcc as merchant_category_code,
    merchant
from read_csv(
    '{{ env_var("BANK_DATA") }}/berka_pkdd99/card_purchase.asc.gz',
    delim = ';', header = true, quote = '"',
    columns = {
        'purchase_id': 'BIGINT', 'card_id': 'BIGINT', 'date': 'VARCHAR', 'amount': 'DECIMAL(14,2)',
        'mcc': 'VARCHAR', 'merchant': 'VARCHAR'
    }
)

with complete as (

    select complete_through
    from read_csv('{{ env_var("BANK_DATA") }}/berka_pkdd99/trans.control.csv', delim = ';', header = true)

),

raw as (

    select *
    from read_csv(
        '{{ env_var("BANK_DATA") }}/berka_pkdd99/trans.asc.gz',
        delim = ';', header = true, quote = '"',
        columns = {
            'trans_id': 'BIGINT', 'account_id': 'BIGINT', 'date': 'VARCHAR', 'type': 'VARCHAR', 'operation': 'VARCHAR',
            'amount': 'DECIMAL(18,2)', 'balance': 'DECIMAL(18,2)', 'k_symbol': 'VARCHAR', 'bank': 'VARCHAR',
            'account': 'VARCHAR'
        }
    )

)

select
    raw.trans_id as transaction_id,
    raw.account_id,
    strptime('19' || raw.date, '%Y%m%d')::date as booking_date,
    case raw.type when 'PRIJEM' then 'CREDIT' when 'VYDAJ' then 'DEBIT' when 'VYBER' then 'DEBIT' end as direction,
    case raw.operation
        when 'VKLAD' then 'CASH_DEPOSIT'
        when 'VYBER' then 'CASH_WITHDRAWAL'
        when 'VYBER KARTOU' then 'CARD_WITHDRAWAL'
        when 'PREVOD Z UCTU' then 'TRANSFER_IN'
        when 'PREVOD NA UCET' then 'TRANSFER_OUT'
    end as operation,
    case raw.k_symbol
        when 'POJISTNE' then 'INSURANCE'
        when 'SLUZBY' then 'STATEMENT_FEE'
        when 'UROK' then 'INTEREST'
        when 'SANKC. UROK' then 'PENALTY_INTEREST'
        when 'SIPO' then 'HOUSEHOLD'
        when 'DUCHOD' then 'PENSION'
        when 'UVER' then 'LOAN_PAYMENT'
        when 'LEASING' then 'LEASING'
    end as category,
    raw.amount,
    raw.balance as balance_after,
    nullif(trim(raw.bank), '') as counterparty_bank,
    case
        when nullif(trim(raw.bank), '') is null and raw.account = '0' then null else nullif(trim(raw.account), '')
    end as counterparty_account,
    strptime('19' || raw.date, '%Y%m%d')::date <= complete.complete_through as is_day_complete
from raw
cross join complete

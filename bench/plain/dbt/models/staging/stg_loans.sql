select
    loan_id,
    account_id,
    strptime('19' || date, '%Y%m%d')::date as granted_on,
    amount,
    duration as duration_months,
    payments as monthly_payment,
    case status
        when 'A' then 'FINISHED_OK'
        when 'B' then 'FINISHED_UNPAID'
        when 'C' then 'RUNNING_OK'
        when 'D' then 'RUNNING_IN_DEBT'
    end as outcome
from read_csv(
    '{{ env_var("BANK_DATA") }}/berka_pkdd99/loan.asc.gz',
    delim = ';', header = true, quote = '"',
    columns = {
        'loan_id': 'BIGINT', 'account_id': 'BIGINT', 'date': 'VARCHAR', 'amount': 'DECIMAL(18,2)',
        'duration': 'BIGINT', 'payments': 'DECIMAL(18,2)', 'status': 'VARCHAR'
    }
)

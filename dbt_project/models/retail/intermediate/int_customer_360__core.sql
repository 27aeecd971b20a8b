-- Columns that both majors of customer_360 share: identity, holdings, and movements of money.
with parties as (

    select * from {{ source('retail', 'party') }}

),

accounts as (

    select * from {{ source('retail', 'account') }}

),

bookings as (

    select *
    from {{ source('retail', 'transaction_history') }}
    where is_day_complete

),

moment as (

    select
        max(booking_date) as as_of,
        -- the first day after the last complete month
        cast(date_trunc('month', max(booking_date) + interval 1 day) as date) as months_end
    from bookings

),

by_account as (

    select
        bookings.account_id,
        sum(bookings.signed_amount) as balance,
        count(*) as transaction_count,
        max(bookings.booking_date) as last_transaction_on
    from bookings
    group by bookings.account_id

),

owned as (

    select
        accounts.account_id,
        accounts.owner_party_id as party_id,
        -- the first month in which the account was open from the first day on
        cast(date_trunc('month', accounts.opened_on + interval 1 month - interval 1 day) as date) as months_start
    from accounts

),

by_month as (

    select
        owned.party_id,
        sum(case when bookings.direction = 'CREDIT' then bookings.amount end) as inflow,
        sum(case when bookings.direction = 'DEBIT' then bookings.amount end) as outflow
    from bookings
    inner join owned on bookings.account_id = owned.account_id
    cross join moment
    where
        bookings.booking_month >= owned.months_start
        and bookings.booking_month < moment.months_end
    group by owned.party_id

),

loans as (

    select
        account_id,
        count(*) as loan_count
    from {{ source('retail', 'loan_applications') }}
    group by account_id

),

cards as (

    select
        account_id,
        count(distinct card_id) as card_count
    from {{ source('retail', 'credit_card_spending_patterns') }}
    group by account_id

),

by_party as (

    select
        owned.party_id,
        count(*) as account_count,
        coalesce(sum(cards.card_count), 0) as card_count,
        coalesce(sum(loans.loan_count), 0) as loan_count,
        sum(by_account.balance) as balance,
        coalesce(sum(by_account.transaction_count), 0) as transaction_count,
        max(by_account.last_transaction_on) as last_transaction_on,
        max(datediff('month', owned.months_start, moment.months_end)) as complete_months
    from owned
    cross join moment
    left join by_account on owned.account_id = by_account.account_id
    left join loans on owned.account_id = loans.account_id
    left join cards on owned.account_id = cards.account_id
    group by owned.party_id

)

select
    parties.party_id as customer_id,
    parties.full_name,
    parties.gender,
    by_party.balance,
    by_party.last_transaction_on,
    parties.marketing_opt_in,
    moment.as_of,
    nullif(
        concat_ws(
            ', ',
            parties.address,
            parties.city,
            nullif(concat_ws(' ', parties.state, parties.postal_code), '')
        ),
        ''
    ) as address,
    datesub('year', parties.birth_date, moment.as_of) as age,
    list_filter(
        [
            case when by_party.account_count > 0 then 'ACCOUNT' end,
            case when by_party.card_count > 0 then 'CREDIT_CARD' end,
            case when by_party.loan_count > 0 then 'LOAN' end
        ],
        lambda holding: holding is not null -- noqa: RF02
    ) as product_holdings,
    coalesce(by_party.account_count, 0) as account_count,
    coalesce(by_party.card_count, 0) as card_count,
    coalesce(by_party.loan_count, 0) as loan_count,
    coalesce(by_party.transaction_count, 0) as transaction_count,
    case
        when by_party.complete_months > 0
            then {{ exact_mean('coalesce(by_month.inflow, 0)', 'by_party.complete_months') }}
    end as average_monthly_inflow,
    case
        when by_party.complete_months > 0
            then {{ exact_mean('coalesce(by_month.outflow, 0)', 'by_party.complete_months') }}
    end as average_monthly_outflow
from parties
cross join moment
left join by_party on parties.party_id = by_party.party_id
left join by_month on parties.party_id = by_month.party_id

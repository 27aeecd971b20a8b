-- materialized because it is read twice below and expensive to compute
with customers as materialized (

    select * from {{ ref('int_customer_360__core') }}

),

interactions as (

    select
        interactions.interaction_id,
        interactions.party_id,
        interactions.channel,
        interactions.core_banking_date
    from {{ source('customer_service', 'customer_interaction_history') }} as interactions
    inner join customers on interactions.party_id = customers.customer_id
    -- the view has no contact from after its date; both days are in core banking's calendar
    where interactions.core_banking_date <= customers.as_of

),

contacts as (

    select
        party_id,
        count(*) as interaction_count,
        count(*) filter (where channel = 'COMPLAINT') as complaint_count,
        count(*) filter (where channel = 'CALL') as call_count,
        max(core_banking_date) as last_contact_on,
        max(core_banking_date) filter (where channel = 'COMPLAINT') as last_complaint_on
    from interactions
    group by party_id

),

texts as (

    select
        interactions.party_id,
        count(*) as text_count,
        -- exact, because a sum of doubles depends on the order of threads
        sum(cast(readings.score as decimal(18, 12))) as score
    from {{ source('customer_service', 'sentiment_analysis') }} as readings
    inner join interactions on readings.interaction_id = interactions.interaction_id
    group by interactions.party_id

),

churn as (

    select * from {{ source('customer_service', 'customer_churn_propensity') }}

)

select
    customers.customer_id,
    customers.full_name,
    customers.address,
    customers.gender,
    customers.age,
    customers.product_holdings,
    customers.account_count,
    customers.card_count,
    customers.loan_count,
    customers.balance,
    customers.transaction_count,
    customers.average_monthly_inflow,
    customers.average_monthly_outflow,
    customers.last_transaction_on,
    customers.marketing_opt_in,
    customers.as_of,
    contacts.last_contact_on,
    contacts.last_complaint_on,
    churn.current_score as churn_score,
    churn.current_cut_off as churn_cut_off,
    churn.model_version as churn_model_version,
    coalesce(contacts.interaction_count, 0) as interaction_count,
    coalesce(contacts.complaint_count, 0) as complaint_count,
    coalesce(contacts.call_count, 0) as call_count,
    coalesce(texts.text_count, 0) as text_count,
    cast(texts.score as double) / texts.text_count as average_sentiment,
    -- a party that is newer than the published scores has no score, with a reason of its own
    case when churn.party_id is null then 'NOT_SCORED_YET' else churn.current_reason end as churn_reason
from customers
left join contacts on customers.customer_id = contacts.party_id
left join texts on customers.customer_id = texts.party_id
left join churn on customers.customer_id = churn.party_id
order by customers.customer_id

with changes as (

    select * from {{ ref('stg_brokerage__trade_changes') }}

),

-- sequences order the changes of one trade, in any file; no read position is kept,
-- because sequences of a later file are between those of an earlier one
by_trade as (

    select
        trade_id,
        min(sequence) as first_sequence,
        max(sequence) as last_sequence,
        count(*) as change_count,
        bool_or(is_contradicted) as has_contradiction,
        min(case when status = 'PENDING' then sequence end) as pending_sequence,
        min(case when status = 'SUBMITTED' then sequence end) as submitted_sequence,
        min(case when status = 'COMPLETED' then sequence end) as completed_sequence,
        min(case when status = 'CANCELED' then sequence end) as canceled_sequence
    from changes
    group by trade_id

),

moments as (

    select
        by_trade.trade_id,
        max(case when changes.sequence = by_trade.first_sequence then changes.changed_at end) as first_seen_at,
        bool_or(changes.sequence = by_trade.first_sequence and changes.change = 'INSERT') as is_opening_known,
        max(case when changes.sequence = by_trade.pending_sequence then changes.changed_at end) as pending_at,
        max(case when changes.sequence = by_trade.submitted_sequence then changes.changed_at end) as submitted_at,
        max(case when changes.sequence = by_trade.completed_sequence then changes.changed_at end) as completed_at,
        max(case when changes.sequence = by_trade.canceled_sequence then changes.changed_at end) as canceled_at
    from by_trade
    inner join changes on by_trade.trade_id = changes.trade_id
    group by by_trade.trade_id

),

executions as (

    select
        by_trade.trade_id,
        latest.account_number,
        latest.symbol,
        latest.trade_type,
        latest.is_cash,
        latest.quantity,
        latest.bid_price,
        latest.trade_price,
        latest.charge,
        latest.commission,
        latest.tax,
        latest.executor,
        latest.status,
        moments.first_seen_at,
        moments.pending_at,
        moments.submitted_at,
        moments.completed_at,
        moments.canceled_at,
        latest.changed_at as last_changed_at,
        moments.is_opening_known,
        by_trade.last_sequence,
        by_trade.change_count,
        by_trade.has_contradiction,
        -- in UTC, of the trade's first change: later changes never move it, only an earlier one that arrives late does
        cast(timezone('UTC', moments.first_seen_at) as date) as trade_day,
        case when latest.trade_type in ('MARKET_BUY', 'LIMIT_BUY') then 'BUY' else 'SELL' end as side,
        latest.quantity * latest.trade_price as trade_value
    from by_trade
    inner join moments on by_trade.trade_id = moments.trade_id
    inner join changes as latest
        on by_trade.trade_id = latest.trade_id and by_trade.last_sequence = latest.sequence

)

select * from executions
where {{ in_partitions('trade_day') }}
order by trade_day, trade_id

with source as (

    select * from {{ source('call_centre', 'call') }}

),

timed as (

    select
        *,
        -- the log writes times of day after a meaningless date
        (called_on + cast(timezone('UTC', start_time) as time)) as started_at,
        (called_on + cast(timezone('UTC', end_time) as time)) as ends_same_day,
        left(
            sha256(concat_ws('|', called_on, strftime(timezone('UTC', start_time), '%H:%M:%S'), phone)),
            16
        ) as digest
    from source

),

numbered as (

    select
        *,
        -- only calls without a number are numbered, among those of the same day, second and telephone
        row_number() over (
            partition by call_id, digest
            order by end_time, complaint_id, client_id, line, priority, service_type, outcome, agent
        ) as occurrence
    from timed

)

select
    'CALL' as channel,
    complaint_id,
    client_id,
    phone,
    called_on as contacted_on,
    call_id,
    line as call_line,
    priority as call_priority,
    service_type as call_service_type,
    outcome as call_outcome,
    agent,
    service_seconds as duration_seconds,
    timezone('UTC', started_at) as started_at,
    timezone('UTC', case when ends_same_day < started_at then ends_same_day + interval 1 day else ends_same_day end)
        as ended_at,
    'CALL-' || coalesce(
        cast(call_id as varchar),
        digest || case when occurrence > 1 then '-' || occurrence else '' end
    ) as interaction_id
from numbered

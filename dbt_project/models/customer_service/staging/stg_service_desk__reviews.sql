with source as (

    select * from {{ source('service_desk', 'review') }}

),

digested as (

    select
        *,
        -- the text is last, so that no part of it can be mistaken for another value
        left(sha256(concat_ws('|', reviewed_on, stars, district_id, product, coalesce(text, ''))), 16) as digest
    from source

),

numbered as (

    select
        *,
        -- reviews of one digest are equal in every column, so their order does not matter
        row_number() over (partition by digest order by text) as occurrence
    from digested

)

select
    'REVIEW' as channel,
    reviewed_on as contacted_on,
    product,
    stars,
    district_id,
    'REVIEW-' || digest || case when occurrence > 1 then '-' || occurrence else '' end as interaction_id
from numbered

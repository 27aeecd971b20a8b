{% test in_range(model, column_name, minimum, maximum=none) %}
select * from {{ model }}
where {{ column_name }} < {{ minimum }}{% if maximum is not none %} or {{ column_name }} > {{ maximum }}{% endif %}
{% endtest %}

{% test matches(model, column_name, pattern) %}
select * from {{ model }} where not regexp_full_match({{ column_name }}, '{{ pattern }}')
{% endtest %}

{% test holds(model, condition, column_name=none) %}
select * from {{ model }} where not ({{ condition }})
{% endtest %}

{% test has_rows(model) %}
select 1 where not exists (select 1 from {{ model }})
{% endtest %}

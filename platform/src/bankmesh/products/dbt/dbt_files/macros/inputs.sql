{#
  Inputs as views, each pinned to one version, made anew at the start of every run: the in-memory database
  may outlive an invocation, and a view of the last one would silently read the last one's versions.
#}
{% macro open_inputs() %}
  {% if execute %}
    {%- set run = var('bankmesh') -%}
    {% do run_query("load '" ~ run['delta_extension'] | replace("'", "''") ~ "'") %}
    {% for input in run['inputs'] %}
      {% do run_query('create schema if not exists ' ~ adapter.quote(input['schema'])) %}
      {% do run_query(
        'create or replace view ' ~ adapter.quote(input['schema']) ~ '.' ~ adapter.quote(input['name'])
        ~ ' as select * from ' ~ input['relation']
      ) %}
    {% endfor %}
  {% endif %}
{% endmacro %}


{#
  True for the partitions that this run builds: `where {{ in_partitions('booking_date') }}`. A run that builds all
  of them has no bounds, so that a row outside every partition is met, and refused, when it is published.
#}
{% macro in_partitions(expression) %}
  {%- set conditions = [] -%}
  {%- for range in var('bankmesh', {}).get('partition_ranges') or [] -%}
    {%- set bounds = [] -%}
    {%- if range['start'] -%} {%- do bounds.append(expression ~ " >= date '" ~ range['start'] ~ "'") -%} {%- endif -%}
    {%- if range['end'] -%} {%- do bounds.append(expression ~ " < date '" ~ range['end'] ~ "'") -%} {%- endif -%}
    {%- do conditions.append(bounds | join(' and ') or 'true') -%}
  {%- endfor -%}
  {%- if conditions | length > 1 -%} (({{ conditions | join(') or (') }}))
  {%- else -%} {{ conditions | first or 'true' }} {%- endif -%}
{% endmacro %}

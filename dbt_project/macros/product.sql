{#
  The materialisation of a data product: its rows go as Parquet into the candidate folder that the platform
  names, cast to the types that the contract promises. The stock materialisations would copy the rows twice.
#}
{% materialization product, adapter='duckdb' %}
  {%- set promise = var('bankmesh')['products'][model['name']] -%}

  {% do check_columns(promise, compiled_code) %}

  {%- call statement('main') -%}
    copy (
      select
      {%- for column in promise['columns'] %}
        cast({{ adapter.quote(column['name']) }} as {{ column['type'] }}) as {{ adapter.quote(column['name']) }}
        {{- ',' if not loop.last }}
      {%- endfor %}
      from ({{ compiled_code }}) as built
    ) to '{{ promise['target'] | replace("'", "''") }}' (
      format parquet,
      compression zstd
      {%- if promise['partition_by'] %},
      partition_by ({{ adapter.quote(promise['partition_by']) }}),
      overwrite_or_ignore true
      {%- endif %}
    )
  {%- endcall -%}

  {{ return({'relations': []}) }}
{% endmaterialization %}


{# Columns are compared before anything is written: a missing one gets its name said, not a binder error. #}
{% macro check_columns(promise, sql) %}
  {%- set delivered = run_query('describe ' ~ sql).columns[0].values() | list -%}
  {%- set promised = promise['columns'] | map(attribute='name') | list -%}
  {%- set missing = promised | reject('in', delivered) | list -%}
  {%- set surplus = delivered | reject('in', promised) | list -%}
  {% if missing or surplus %}
    {% do exceptions.raise_compiler_error(
      'the model and its contract name different columns;'
      ~ (' promised but not delivered: ' ~ missing | join(', ') ~ ';' if missing else '')
      ~ (' delivered but not promised: ' ~ surplus | join(', ') if surplus else '')
    ) %}
  {% endif %}
{% endmacro %}

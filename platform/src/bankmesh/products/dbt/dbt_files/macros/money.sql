{#
  A sum divided by a count, rounded half up to two places in whole numbers: DuckDB divides decimals as
  doubles, which would make the last place depend on the size of the sum.
#}
{% macro exact_mean(total, count) %}
  cast((cast({{ total }} * 100 as hugeint) * 2 + {{ count }}) // (2 * {{ count }}) as decimal(38, 0)) * 0.01
{% endmacro %}

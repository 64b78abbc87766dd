{#
  Each row of a relation once per day from `first` to `last`, both included, the day as the column series_day. No row
  where one of them is null or `last` comes first. Stands after `from`. On DuckDB the day is a timestamp: cast it.
#}
{% macro date_series(relation, first, last) -%}
    {{ return(adapter.dispatch('date_series')(relation, first, last)) }}
{%- endmacro %}

{% macro default__date_series(relation, first, last) -%}
    {{ relation }}
    cross join unnest(generate_date_array({{ first }}, {{ last }})) as series_day
{%- endmacro %}

{% macro duckdb__date_series(relation, first, last) -%}
    {{ relation }}
    cross join unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as series(series_day)
{%- endmacro %}

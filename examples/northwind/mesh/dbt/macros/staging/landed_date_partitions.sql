{# One partition per landing day in BigQuery. dbt-duckdb would take the same setting for a layout of DuckLake. #}
{% macro landed_date_partitions() -%}
    {{ return({'field': 'landed_date', 'data_type': 'date'} if target.type == 'bigquery' else none) }}
{%- endmacro %}

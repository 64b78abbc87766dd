{# A whole row of a CTE or table as JSON text, to compare two versions of a record. #}
{% macro row_as_json(relation) -%}
    {{ return(adapter.dispatch('row_as_json')(relation)) }}
{%- endmacro %}

{% macro default__row_as_json(relation) -%}
    to_json_string({{ relation }})
{%- endmacro %}

{% macro duckdb__row_as_json(relation) -%}
    cast(to_json({{ relation }}) as varchar)
{%- endmacro %}

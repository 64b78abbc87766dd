{# A landed value as a contract type (BigQuery's name for it) or as json; null when it cannot be converted. #}
{% macro landed_value(column, type) -%}
    {{ return(adapter.dispatch('landed_value')(column, type)) }}
{%- endmacro %}

{% macro default__landed_value(column, type) -%}
    {%- if type == 'json' -%}
        safe.parse_json({{ column }})
    {%- else -%}
        safe_cast({{ column }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{# By way of timestamptz: a cast of text straight to timestamp would drop its UTC offset (seen in DuckDB 2.0). #}
{% macro duckdb__landed_value(column, type) -%}
    {%- if type == 'timestamp' -%}
        cast(try_cast({{ column }} as timestamptz) as timestamp)
    {%- else -%}
        try_cast({{ column }} as {{ duckdb_type(type) }})
    {%- endif -%}
{%- endmacro %}


{# An array or struct that landed as JSON text, as CSV must. No array is an empty one, as BigQuery stores it. #}
{% macro landed_json(column, type, fields=none) -%}
    {{ return(adapter.dispatch('landed_json')(column, type, fields)) }}
{%- endmacro %}

{% macro default__landed_json(column, type, fields) -%}
    {%- if fields -%}
        case
            when {{ column }} is not null then struct(
                {%- for name, field_type in fields.items() %}
                safe_cast(json_value({{ column }}, '$.{{ name }}') as {{ field_type }}) as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        end
    {%- else -%}
        array(
            select safe_cast(item as {{ type | replace('array<', '') | replace('>', '') }})
            from unnest(json_value_array({{ column }})) as item
        )
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__landed_json(column, type, fields) -%}
    {%- set value = 'try_cast(try_cast(' ~ column ~ ' as json) as ' ~ duckdb_type(type) ~ ')' -%}
    {{ value if fields else 'coalesce(' ~ value ~ ', [])' }}
{%- endmacro %}

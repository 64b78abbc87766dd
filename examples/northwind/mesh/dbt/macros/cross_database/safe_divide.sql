{# A quotient as a contract's numeric, rounded to `digits` decimals; null where the denominator is 0. #}
{% macro safe_divide(numerator, denominator, digits=4) -%}
    {{ return(adapter.dispatch('safe_divide')(numerator, denominator, digits)) }}
{%- endmacro %}

{% macro default__safe_divide(numerator, denominator, digits) -%}
    round(safe_divide(cast({{ numerator }} as numeric), cast({{ denominator }} as numeric)), {{ digits }})
{%- endmacro %}

{# Cast before and after the rounding: a division makes a double, and rounding a decimal shortens its type. #}
{% macro duckdb__safe_divide(numerator, denominator, digits) -%}
    {%- set numeric = duckdb_type('numeric') -%}
    cast(round(cast({{ numerator }} / nullif({{ denominator }}, 0) as {{ numeric }}), {{ digits }}) as {{ numeric }})
{%- endmacro %}

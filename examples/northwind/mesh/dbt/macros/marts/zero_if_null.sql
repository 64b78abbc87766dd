{# An amount for a contract's numeric: nothing is none. #}
{% macro zero_if_null(amount) -%}
    cast(coalesce({{ amount }}, 0) as {{ contract_type('numeric') }})
{%- endmacro %}

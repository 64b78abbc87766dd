{#
  Contracts name BigQuery's types. On DuckDB each is read as the type that holds the same values, so that one contract
  is enforced on both engines. A type that is not listed stays as it is.
#}
{% macro duckdb_type(type) -%}
    {{ return({
        'string': 'varchar',
        'int64': 'bigint',
        'numeric': 'decimal(38, 9)',
        'date': 'date',
        'timestamp': 'timestamp',
        'bool': 'boolean',
        'array<string>': 'varchar[]',
    }.get(type, type)) }}
{%- endmacro %}


{#
  The type to cast to for a contract's type. `numeric` needs it: on DuckDB the bare word is decimal(18, 3). The other
  names mean the same on both engines.
#}
{% macro contract_type(type) -%}
    {{ return(adapter.dispatch('contract_type')(type)) }}
{%- endmacro %}

{% macro default__contract_type(type) -%}
    {{ return(type) }}
{%- endmacro %}

{% macro duckdb__contract_type(type) -%}
    {{ return(duckdb_type(type)) }}
{%- endmacro %}


{% macro duckdb__get_empty_schema_sql(columns) %}
    {%- set translated = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do translated.update({name: dict(column, data_type=duckdb_type(column['data_type']))}) -%}
    {%- endfor -%}
    {{ return(dbt.default__get_empty_schema_sql(translated)) }}
{% endmacro %}


{% macro duckdb__get_table_columns_and_constraints() %}
    (
    {%- for column in model['columns'].values() %}
        {{ column['name'] }} {{ duckdb_type(column['data_type']) }}{{ ',' if not loop.last }}
    {%- endfor %}
    )
{% endmacro %}

{#
  Drops what a rehearsal built: all that bears its name in the dataset of dbt. Named as the variable `rehearsal` names
  it, so that nothing can be dropped that a rehearsal could not have built.
#}
{% macro drop_rehearsal() %}
    {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', var('rehearsal')) -%}
        {{ exceptions.raise_compiler_error("Name the rehearsal: --vars '{rehearsal: pr_42}'. It was \"" ~ var('rehearsal') ~ "\".") }}
    {%- endif -%}
    {%- set schema = api.Relation.create(database=target.database, schema=generate_schema_name(none, none) | trim) -%}
    {%- if target.type == 'bigquery' -%}
        {%- set names = adapter.list_relations_without_caching(schema) | map(attribute='identifier') | list -%}
    {%- else -%}
        {%- set names = list_relations_without_caching(schema).columns['name'].values() -%}
    {%- endif -%}
    {%- set dropped = [] -%}
    {%- for name in names if name.startswith(var('rehearsal') ~ '__') -%}
        {%- do adapter.drop_relation(adapter.get_relation(schema.database, schema.schema, name)) -%}
        {%- do dropped.append(name) -%}
    {%- endfor -%}
    {#- DuckDB drops in a transaction, which an operation leaves open. -#}
    {%- if dropped and target.type != 'bigquery' -%}
        {%- do run_query('commit') -%}
    {%- endif -%}
    {{ log('Dropped ' ~ dropped | length ~ ' relations of ' ~ var('rehearsal') ~ ' in ' ~ schema.without_identifier(), info=true) }}
{% endmacro %}

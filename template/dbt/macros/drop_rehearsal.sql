{#
  Drops what a rehearsal built: all that bears its name in the datasets of the target. Named as the variable `rehearsal`
  names it, so that nothing can be dropped that a rehearsal could not have built.
#}
{% macro drop_rehearsal() %}
    {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', var('rehearsal')) -%}
        {{ exceptions.raise_compiler_error("Name the rehearsal: --vars '{rehearsal: pr_42}'. It was \"" ~ var('rehearsal') ~ "\".") }}
    {%- endif -%}
    {%- set schema = api.Relation.create(database=target.database, schema=generate_schema_name(none, none) | trim) -%}
    {%- set prefix = var('rehearsal') ~ '__' -%}
    {%- set dropped = [] -%}
    {%- for relation in adapter.list_relations_without_caching(schema) if relation.identifier.startswith(prefix) -%}
        {%- do adapter.drop_relation(relation) -%}
        {%- do dropped.append(relation.identifier) -%}
    {%- endfor -%}
    {{ log('Dropped ' ~ dropped | length ~ ' relations of ' ~ var('rehearsal') ~ ' in ' ~ schema.without_identifier(), info=true) }}
{% endmacro %}

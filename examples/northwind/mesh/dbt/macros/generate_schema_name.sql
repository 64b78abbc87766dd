{#
  labs in us-east4 is labs__us_east4: the id of a dataset tells where its data is. On a laptop it is labs__local.
  Environments need no prefix, each has a project of its own.

  A rehearsal builds into the target's own dataset (dbt__us_east4), which has no readers and empties itself, under names
  that begin with the rehearsal's: several can run at once, and none touches what others read.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set location = target.location if target.type == 'bigquery' else 'local' -%}
    {%- set name = target.schema if var('rehearsal') else custom_schema_name or target.schema -%}
    {{ name }}__{{ location | replace('-', '_') }}
{%- endmacro %}


{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- set name = dbt.default__generate_alias_name(custom_alias_name, node) | trim -%}
    {{ [var('rehearsal'), name] | select | join('__') }}
{%- endmacro %}

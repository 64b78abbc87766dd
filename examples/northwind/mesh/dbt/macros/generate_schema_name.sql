{#
  labs in us-east4 is labs__us_east4: the id of a dataset tells where its data is. On a laptop it is labs__local.
  Environments need no prefix, each has a project of its own.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set location = target.location if target.type == 'bigquery' else 'local' -%}
    {{ custom_schema_name or target.schema }}__{{ location | replace('-', '_') }}
{%- endmacro %}

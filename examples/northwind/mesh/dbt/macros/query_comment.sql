{#
  What a query says of itself, as JSON: BigQuery keeps it as labels of the job, so that INFORMATION_SCHEMA.JOBS and the
  bill add up by domain and model. A data test counts for what it tests; an inline query (`dbt show`) has no file.
#}
{% macro query_comment(node) -%}
    {%- set said = {'app': 'dbt', 'target': target.name} -%}
    {%- if node is not none and '/' in node.original_file_path -%}
        {%- set folders = node.original_file_path.split('/') -%}
        {%- do said.update({
            'domain': folders[2] if folders[1] == 'staging' else folders[1],
            'model': (node.attached_node or node.name).split('.')[-1],
            'resource_type': node.resource_type,
        }) -%}
    {%- endif -%}
    {{ return(tojson(said)) }}
{%- endmacro %}

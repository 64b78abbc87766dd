{#
  Sets the policy tags of a table: as a post-hook `{{ apply_policy_tags(this) }}`, or of all tables of the project, when
  Terraform has made tags anew, with `dbt run-operation apply_policy_tags`. What has its tags is not touched.
#}
{% macro apply_policy_tags(relation=none) -%}
    {%- if execute and target.type == 'bigquery' -%}
        {%- if relation -%}
            {%- do alter_column_comment(relation, model.columns) -%}
        {%- else -%}
            {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list -%}
            {%- do check_policy_tags(models) -%}
            {%- for node in models -%}
                {%- set relation = api.Relation.create(node.database, node.schema, node.alias) -%}
                {%- set table = adapter.get_bq_table(relation) -%}
                {%- if table and table.table_type == 'TABLE' -%}
                    {%- do alter_column_comment(relation, node.columns) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#
  Every change of a table's schema by dbt passes here, that of persist_docs too, which would take off any tag that it is
  not told of. So the tags go into the same PATCH, and there is none when nothing differs.

  A view shows what its tables let their reader see: https://cloud.google.com/bigquery/docs/column-level-security-intro#query_views
#}
{% macro bigquery__alter_column_comment(relation, column_dict) -%}
    {%- set table = adapter.get_bq_table(relation) -%}
    {%- if table.table_type == 'TABLE' -%}
        {%- do adapter.update_columns(relation, changed_columns(table.schema, column_dict, policy_tag_ids())) -%}
    {%- else -%}
        {%- do adapter.update_columns(relation, column_dict) -%}
    {%- endif -%}
{%- endmacro %}


{#
  Path of a column or field -> description and policy tags, where those of the table differ. A tag goes on leaves, the
  fields of a struct have that of their column: BigQuery takes none on the struct itself.

  inherited: tags of the column that the fields belong to. None leaves them as they are, so that a run that was not told
  the ids takes no tag off.
#}
{% macro changed_columns(fields, columns, ids, parent='', inherited=none) -%}
    {%- set changed = {} -%}
    {%- for field in fields -%}
        {%- set path = parent ~ field.name -%}
        {%- set column = columns.get(path, {}) -%}
        {%- set asked = policy_tags_of(column, ids) -%}
        {%- set tags = inherited if asked == [] and (parent or not column) else asked -%}
        {%- set current = {
            'description': field.description or none,
            'policy_tags': field.policy_tags.names | list if field.policy_tags else [],
        } -%}
        {%- set wanted = {
            'description': column.get('description') or current['description'],
            'policy_tags': current['policy_tags'] if tags is none or field.fields else tags,
        } -%}
        {%- if wanted != current -%}
            {%- do changed.update({path: wanted}) -%}
        {%- endif -%}
        {%- do changed.update(changed_columns(field.fields, columns, ids, path ~ '.', tags)) -%}
    {%- endfor -%}
    {{ return(changed) }}
{%- endmacro %}

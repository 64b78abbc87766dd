{#
  No row of a tagged column is ever where a reader sees it without its tag. BigQuery takes the tags off a table that is
  overwritten, by `create or replace table … as select` too, and dbt would set them only afterwards:
  https://cloud.google.com/bigquery/docs/column-level-security-intro#limitations

  So the rows are made in dbt's own dataset, which nobody else reads. The table is made, empty, only where there is none
  of that shape. Then it is tagged, and its rows are replaced in one transaction: changes of rows leave tags alone.
  https://cloud.google.com/bigquery/docs/column-level-security-writes
  https://cloud.google.com/bigquery/docs/transactions#supported_statements
#}
{% macro bigquery__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if temporary or not has_policy_tags(model) -%}
        {{ return(dbt.bigquery__create_table_as(temporary, relation, compiled_code, language)) }}
    {%- endif -%}
    {%- do check_policy_tags([model]) -%}

    {%- set rows = make_temp_relation(relation) -%}
    {%- call statement() -%}
        {{ dbt.bigquery__create_table_as(true, rows, compiled_code) }}
    {%- endcall -%}

    {%- set made, existing = adapter.get_bq_table(rows), adapter.get_bq_table(relation) -%}
    {%- if not existing or column_shapes(existing.schema) != column_shapes(made.schema) -%}
        {%- call statement() -%}
            {{ dbt.bigquery__create_table_as(false, relation, 'select * from ' ~ rows ~ ' where false') }}
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_policy_tags(relation) -%}

    {%- set columns -%}
        {%- for field in made.schema %}{{ adapter.quote(field.name) }}{{ ', ' if not loop.last }}{% endfor -%}
    {%- endset -%}

    alter table {{ relation }} set {{ bigquery_table_options(config, model, false) }};
    begin transaction;
    truncate table {{ relation }};
    insert into {{ relation }} ({{ columns }})
    select {{ columns }}
    from {{ rows }};
    commit transaction;
    drop table if exists {{ rows }};
{%- endmacro %}


{% macro has_policy_tags(node) -%}
    {%- for column in node.columns.values() if policy_tags_of(column, {}) != [] -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#
  What `truncate` and `insert` cannot change of a table. A table of another partitioning or clustering is none by now: dbt
  has dropped it.
#}
{% macro column_shapes(fields) -%}
    {%- set shapes = [] -%}
    {%- for field in fields -%}
        {%- do shapes.append([
            field.name, field.field_type, field.mode, field.precision, field.scale, field.max_length,
            column_shapes(field.fields),
        ]) -%}
    {%- endfor -%}
    {{ return(shapes) }}
{%- endmacro %}


{#
  Temporary tables have no tags. They lie in dbt's own dataset, not beside their model as dbt would have it, where the
  readers of the domain are: target.dataset, in the warehouse's list `dbt__<location>`.
#}
{% macro bigquery__make_temp_relation(base_relation, suffix) -%}
    {%- set beside = dbt.bigquery__make_temp_relation(base_relation, suffix) -%}
    {{ return(beside.incorporate(path={'schema': generate_schema_name(none, none)})) }}
{%- endmacro %}


{#
  A daily run: the table has its tags before its rows change. dbt copies the fields of a struct that has grown from the
  temporary table, so that one is tagged too, and a column that is new is tagged while it is still null.
#}
{% macro bigquery__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {%- do apply_policy_tags(target_relation) -%}
    {{ return(dbt.bigquery__process_schema_changes(on_schema_change, source_relation, target_relation)) }}
{%- endmacro %}

{% macro bigquery__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
    {%- do apply_policy_tags(schema_changes_dict['source_relation']) -%}
    {%- do dbt.bigquery__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
    {%- do apply_policy_tags(target_relation) -%}
{%- endmacro %}

{#
  Keeps the result of every node of an orchestrated run in the table run_results of dbt's own dataset, a year long: what
  ran, for which domain, how it ended, how long it took and what it read. No messages: an error may quote a value.

  Runs by hand (without AIRFLOW_RUN_ID) leave nothing.
#}
{% macro store_run_results(results) -%}
    {%- if execute and results and env_var('AIRFLOW_RUN_ID', '') -%}
        {%- set table = api.Relation.create(database=target.database, schema=generate_schema_name(none, none), identifier='run_results') -%}
        {%- set layout = '' -%}
        {%- if target.type == 'bigquery' -%}
            {#- What expires with the dataset's other tables would be no record. -#}
            {%- set layout = "partition by date(completed_at) options (partition_expiration_days = 366, expiration_timestamp = timestamp '2100-01-01')" -%}
        {%- endif -%}
        {%- do run_query('create schema if not exists ' ~ table.without_identifier()) if target.type != 'bigquery' -%}
        {%- do run_query(
            'create table if not exists ' ~ table ~ ' (run_id ' ~ dbt.type_string() ~ ', invocation_id ' ~ dbt.type_string() ~
            ', target ' ~ dbt.type_string() ~ ', domain ' ~ dbt.type_string() ~ ', node ' ~ dbt.type_string() ~
            ', resource_type ' ~ dbt.type_string() ~ ', status ' ~ dbt.type_string() ~ ', failures ' ~ dbt.type_int() ~
            ', seconds ' ~ dbt.type_float() ~ ', bytes_billed ' ~ dbt.type_bigint() ~ ', completed_at ' ~ dbt.type_timestamp() ~ ') ' ~ layout
        ) -%}
        {%- set rows = [] -%}
        {%- for result in results -%}
            {%- set said = fromjson(query_comment(result.node)) -%}
            {%- do rows.append('(' ~ [
                dbt.string_literal(env_var('AIRFLOW_RUN_ID')),
                dbt.string_literal(invocation_id),
                dbt.string_literal(target.name),
                dbt.string_literal(said.domain) if said.domain else 'null',
                dbt.string_literal(result.node.name),
                dbt.string_literal(result.node.resource_type | string),
                dbt.string_literal(result.status | string),
                result.failures if result.failures is not none else 'null',
                result.execution_time,
                result.adapter_response.get('bytes_billed', 'null') if result.adapter_response else 'null',
                'current_timestamp',
            ] | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do run_query('insert into ' ~ table ~ ' values ' ~ rows | join(', ')) -%}
    {%- endif -%}
{%- endmacro %}

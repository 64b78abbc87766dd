{#
  A MERGE costs what its target holds, with all columns, of every partition that it reads, and BigQuery leaves out only
  those that literals exclude: https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables
  So the partitions where the day's records stood before are looked up first, which reads two columns of the history,
  and named. Records that are new need no MATCHED at all.
#}
{% macro bigquery__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {%- if config.get('partition_by') != landed_date_partitions() or unique_key is not string -%}
        {{ return(default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates)) }}
    {%- endif -%}
    {%- set partitions = run_query(
        'select distinct landed_date from ' ~ target
        ~ ' where ' ~ unique_key ~ ' in (select ' ~ unique_key ~ ' from ' ~ source ~ ')'
    ).columns[0].values() -%}
    {%- if not partitions -%}
        {{ return(default__get_merge_sql(target, source, none, dest_columns, incremental_predicates)) }}
    {%- endif -%}
    {%- set stored = "DBT_INTERNAL_DEST.landed_date in (date '" ~ partitions | sort | join("', date '") ~ "')" -%}
    {{ return(default__get_merge_sql(target, source, unique_key, dest_columns, (incremental_predicates or []) + [stored])) }}
{%- endmacro %}

{#
  The source of a staging model. On DuckDB a daily load names the files that it reads: to know the columns of all files,
  DuckDB opens each that a pattern matches, those of other partitions too. The first and the newest file are named as
  well. Their rows are left out again, but not the columns that the day's files may lack.
#}
{% macro landed_files(source) -%}
    {{ return(adapter.dispatch('landed_files')(source)) }}
{%- endmacro %}

{% macro default__landed_files(source) -%}
    {{ return(source) }}
{%- endmacro %}

{% macro duckdb__landed_files(source) -%}
    {%- if not is_daily_load() -%}
        {{ return(source) }}
    {%- endif -%}
    {%- set pattern = (source | string).split("'")[1] -%}
    {%- set landed -%}
        select file, cast(regexp_extract(file, '.*landed_date=([0-9-]+)', 1) as date) as landed_date
        from glob('{{ pattern }}')
    {%- endset -%}
    {%- set files = run_query(
        'with landed as (' ~ landed ~ ') select file from landed where ' ~ landed_in_this_run()
        ~ ' or file in (select unnest([min(file), max(file)]) from landed) order by file'
    ).columns[0].values() -%}
    {{ return((source | string) | replace("'" ~ pattern ~ "'", "['" ~ files | join("', '") ~ "']")) }}
{%- endmacro %}

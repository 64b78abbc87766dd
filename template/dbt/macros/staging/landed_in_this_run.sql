{#
  Predicate on landed_date that bounds a run to the partitions it must read.

  With the variables landed_from and landed_to (ISO dates, inclusive) a run loads exactly these, again if need be.
  Without landed_from an incremental run loads what landed after the newest partition it has; a first run loads all. A
  day whose records were all older than what is stored leaves no row behind: such a run then reads that day again. The
  orchestration sets landed_to, and landed_from where days are loaded again.

  The bounds are literals, never a subquery: only then do BigQuery and DuckDB skip the other partitions' files.
#}
{% macro landed_in_this_run() -%}
    {%- set newest = none -%}
    {%- if is_daily_load() and not var('landed_from') -%}
        {%- set newest = run_query('select max(landed_date) from ' ~ this).columns[0].values()[0] -%}
    {%- endif -%}
    {%- if newest -%}
        landed_date > date '{{ newest }}'
    {%- else -%}
        landed_date >= date '{{ var('landed_from') or var('first_landed_date') }}'
    {%- endif -%}
    {%- if var('landed_to') %} and landed_date <= date '{{ var('landed_to') }}'{% endif -%}
{%- endmacro %}


{#
  Whether the model exists and a run only adds to it. Where dbt may not look (`dbt compile --no-introspect`, which needs
  no connection) it is taken as a first load.
#}
{% macro is_daily_load() -%}
    {{ return(flags.INTROSPECT and is_incremental()) }}
{%- endmacro %}

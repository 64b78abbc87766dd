{# Whole days from one date to another; negative when `later` is the earlier one. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    date_diff({{ later }}, {{ earlier }}, day)
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro %}


{#
  Whole minutes that passed from one timestamp to another. Not dbt.datediff: that one counts the minute marks crossed,
  so that 10:00:59 to 10:01:00 would be a minute.
#}
{% macro minutes_between(earlier, later) -%}
    {{ return(adapter.dispatch('minutes_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__minutes_between(earlier, later) -%}
    timestamp_diff({{ later }}, {{ earlier }}, minute)
{%- endmacro %}

{% macro duckdb__minutes_between(earlier, later) -%}
    date_sub('minute', {{ earlier }}, {{ later }})
{%- endmacro %}


{# The date some days after another, before it when negative. Not dbt.dateadd: that one makes a DATETIME on BigQuery. #}
{% macro days_after(date, days) -%}
    {{ return(adapter.dispatch('days_after')(date, days)) }}
{%- endmacro %}

{% macro default__days_after(date, days) -%}
    date_add({{ date }}, interval {{ days }} day)
{%- endmacro %}

{% macro duckdb__days_after(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro %}


{#
  Completed years from one date to another: an age. Who was born on 29 February grows older on 1 March of a common year.
  Plain arithmetic, the same on every engine.
#}
{% macro years_between(earlier, later) -%}
    (
        extract(year from {{ later }}) - extract(year from {{ earlier }})
        - case
            when 100 * extract(month from {{ later }}) + extract(day from {{ later }})
                < 100 * extract(month from {{ earlier }}) + extract(day from {{ earlier }})
                then 1
            else 0
        end
    )
{%- endmacro %}

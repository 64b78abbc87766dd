{#
  The day as of which a mart speaks, as the column as_of_date of a one-row query. Never current_date: the same inputs
  must make the same mart. It is the variable as_of (an ISO date) where that is set, else the newest day on which one of
  the inputs landed. inputs: names of relations with the column landed_date.
#}
{% macro as_of_date(inputs) -%}
    {%- if var('as_of', none) -%}
    select cast('{{ var('as_of') }}' as date) as as_of_date
    {%- else -%}
    select max(landed_date) as as_of_date
    from (
        {%- for input in inputs %}
        select max(landed_date) as landed_date from {{ input }}
        {{- '
        union all' if not loop.last }}
        {%- endfor %}
    ) as newest
    {%- endif -%}
{%- endmacro %}

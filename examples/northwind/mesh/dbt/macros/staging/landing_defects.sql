{#
  What was wrong with a landed row, in words, or null. Nothing is lost in silence: a value that cannot be converted to
  its contract's type becomes null and is named here, and so is a key that landed twice on one day, for the same time
  of change, with different contents. The test no_landing_defects reads the column.
#}

{# columns: {name in the files: type}. Empty string when all values could be converted. #}
{% macro conversion_defects(columns) -%}
    {%- for column, type in columns.items() %}
        {{- 'concat(' if loop.first and columns | length > 1 }}
            case when {{ column }} is not null and {{ landed_value(column, type) }} is null then '{{ column | replace('"', '') | replace('`', '') }} is not a {{ type }}; ' else '' end
        {{- ',' if not loop.last }}
        {%- if loop.last and columns | length > 1 %}
        ){% endif %}
    {%- else -%}
        ''
    {%- endfor -%}
{%- endmacro %}


{% macro landing_defects(key) -%}
    nullif(
            conversion_defects || case
                when min(landed_row) over (partition by {{ key }}, updated_at, landed_date)
                    <> max(landed_row) over (partition by {{ key }}, updated_at, landed_date)
                    then '{{ key }} landed with different contents for one updated_at; '
                else ''
            end,
            ''
        )
{%- endmacro %}

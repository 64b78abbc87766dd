{#
  A record is delivered again whenever it changes, and sometimes twice or late. Its latest version wins: the greatest
  updated_at, then the newest landing. The row itself breaks a tie, so that two runs agree.
#}
{% macro is_latest_version(key) -%}
    row_number() over (
            partition by {{ key }}
            order by updated_at desc, landed_date desc, landed_row
        ) = 1
{%- endmacro %}


{# A late record must not replace a newer one that an earlier run stored, nor a late copy the one that stands. #}
{% macro is_not_older_than_stored(key) -%}
    {%- if is_daily_load() -%}
        not exists (
            select 1
            from {{ this }} as stored
            where
                stored.{{ key }} = versions.{{ key }}
                and (
                    stored.updated_at > versions.updated_at
                    or (stored.updated_at = versions.updated_at and stored.landed_date > versions.landed_date)
                )
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

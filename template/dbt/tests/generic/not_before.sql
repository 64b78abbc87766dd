{#
  A date or time never precedes another one of the same row. as_dates: compare days, where one of the two is a date.
#}
{% test not_before(model, column_name, earlier, as_dates=false) %}

select {{ earlier }}, {{ column_name }}
from {{ model }}
{% if as_dates -%}
where cast({{ column_name }} as date) < cast({{ earlier }} as date)
{%- else -%}
where {{ column_name }} < {{ earlier }}
{%- endif %}

{% endtest %}

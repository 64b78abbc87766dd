{# Every value matches the regular expression. #}
{% test matches_pattern(model, column_name, pattern) %}

select distinct {{ column_name }}
from {{ model }}
where {{ column_name }} is not null and not {{ matches(column_name, pattern) }}

{% endtest %}

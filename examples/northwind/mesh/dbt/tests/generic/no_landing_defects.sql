{# Fails with what was wrong with each landed row (macros/staging/landing_defects.sql). #}
{% test no_landing_defects(model, column_name) %}

select {{ column_name }}, count(*) as defective_rows
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}

{% endtest %}

{#
  Every code is well formed: by check digit where its system has one, else by shape. Give the kind of code, or the
  sibling column that holds the URI of each code's system.
#}
{% test valid_code(model, column_name, kind=none, system_column=none) %}

with codes as (

    select distinct
        {{ column_name }} as code{% if system_column %},
        {{ system_column }} as code_system{% endif %}
    from {{ model }}
    where {{ column_name }} is not null

)

select *
from codes
where not coalesce(
    {%- if kind %}
    {{ is_valid_code(kind, 'code') }},
    {%- else %}
    case code_system
        {%- for uri, kind_of_system in code_system_kinds().items() %}
        when '{{ uri }}' then {{ is_valid_code(kind_of_system, 'code') }}
        {%- endfor %}
    end,
    {%- endif %}
    false
)

{% endtest %}

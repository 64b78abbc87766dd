{#
  Two ways lead to the same key and must end there: the patient of a result is the patient of the result's encounter.
  through: column of the model that refers to the parent; key: the parent's key; field: the parent's column to agree with.
#}
{% test agrees_with_parent(model, column_name, through, to, key, field) %}

with child as (

    select * from {{ model }}

)

select
    child.{{ through }},
    child.{{ column_name }},
    parent.{{ field }} as parent_{{ field }}
from child
inner join {{ to }} as parent on child.{{ through }} = parent.{{ key }}
where child.{{ column_name }} <> parent.{{ field }}

{% endtest %}

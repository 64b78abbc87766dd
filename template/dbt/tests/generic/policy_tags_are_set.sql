{#
  Rows: the columns of the model, and the leaves of structs, that lack in the warehouse the policy tag which their
  classification asks for. On BigQuery alone, and only a warning where a run may go without tags.
  https://cloud.google.com/bigquery/docs/information-schema-column-field-paths
#}
{% test policy_tags_are_set(model) %}
{{ config(
    enabled=target.type == 'bigquery',
    severity='error' if target.name in var('policy_tags_required') else 'warn',
    where='',
) }}

with expected as (

    select *
    from unnest(array<struct<column_name string, policy_tag string>>[
        {%- for column, id in expected_policy_tags(model).items() %}
        ('{{ column }}', {{ "'" ~ id ~ "'" if id else 'null' }}){{ ',' if not loop.last }}
        {%- endfor %}
    ])

),

leaves as (

    select
        column_name,
        field_path,
        policy_tags
    from {{ model.information_schema('COLUMN_FIELD_PATHS') }}
    where table_name = '{{ model.identifier }}'
        and not regexp_contains(data_type, '^(ARRAY<)?STRUCT<')

)

select
    leaves.field_path,
    expected.policy_tag
from expected
inner join leaves on expected.column_name = leaves.column_name
where array_length(leaves.policy_tags) = 0
    or expected.policy_tag not in unnest(leaves.policy_tags)

{% endtest %}

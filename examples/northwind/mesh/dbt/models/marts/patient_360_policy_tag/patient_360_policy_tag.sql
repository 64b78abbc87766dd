with patient_360 as (

    select * from {{ ref('patient_360') }}

),

final as (

    select
        patient_id,
        age_group,
        administrative_sex,
        is_deceased,
        as_of_date
    from patient_360

)

select * from final

{#
  Who is up to date, by rules simple enough to explain: influenza within the last 365 days, a tetanus booster within the
  last 10 years, of any other group at least one dose. The full schedule (age, interval, series, risk) is that of the
  Advisory Committee on Immunization Practices, https://www.cdc.gov/vaccines/hcp/imz-schedules.
#}
with patients as (

    select * from {{ ref('stg_patients__patients') }}

),

immunizations as (

    select * from {{ ref('stg_immunizations__immunizations') }}

),

vaccines as (

    select * from {{ ref('cvx') }}

),

as_of as (

    {{ as_of_date(['patients', 'immunizations']) }}

),

-- Registries repeat the doses of others, so a group counts once per patient and day.
doses as (

    select distinct
        immunizations.patient_id,
        coalesce(vaccines.category, immunizations.vaccine_group, 'unknown') as vaccine_group,
        cast(immunizations.occurred_at as date) as dose_date
    from immunizations
    cross join as_of
    left join vaccines on immunizations.code = vaccines.code
    where immunizations.status = 'completed'
        and cast(immunizations.occurred_at as date) <= as_of.as_of_date

),

doses_by_group as (

    select
        patient_id,
        vaccine_group,
        count(*) as doses,
        max(dose_date) as last_dose_date
    from doses
    group by
        patient_id,
        vaccine_group

),

vaccine_groups as (

    select category as vaccine_group from vaccines
    union distinct
    select vaccine_group from doses

),

living_patients as (

    select
        patients.patient_id,
        patients.birth_date,
        as_of.as_of_date
    from patients
    cross join as_of
    where patients.death_date is null
        or patients.death_date > as_of.as_of_date

),

-- Who had no dose must show, or coverage would have no denominator.
patients_and_groups as (

    select
        living_patients.patient_id,
        living_patients.birth_date,
        living_patients.as_of_date,
        vaccine_groups.vaccine_group,
        coalesce(doses_by_group.doses, 0) as doses,
        doses_by_group.last_dose_date
    from living_patients
    cross join vaccine_groups
    left join doses_by_group
        on living_patients.patient_id = doses_by_group.patient_id
        and vaccine_groups.vaccine_group = doses_by_group.vaccine_group

),

final as (

    select
        patient_id,
        vaccine_group,
        doses,
        last_dose_date,
        {{ years_between('birth_date', 'last_dose_date') }} as age_at_last_dose,
        coalesce(
            case vaccine_group
                when 'influenza' then {{ days_between('last_dose_date', 'as_of_date') }} <= 365
                when 'Tdap/Td' then {{ years_between('last_dose_date', 'as_of_date') }} < 10
                else doses > 0
            end,
            false
        ) as is_up_to_date,
        as_of_date
    from patients_and_groups

)

select * from final

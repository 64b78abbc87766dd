{#
  Each domain is summed up per patient before it is joined, so that no domain multiplies the rows of another. Names,
  contact details and the SSN stay in the staging model: a summary of care does not need them (minimum necessary,
  45 CFR 164.502(b)). What was entered in error counts nowhere.
#}
with patients as (

    select * from {{ ref('stg_patients__patients') }}

),

admissions as (

    select * from {{ ref('stg_admissions__admissions') }}

),

allergies as (

    select * from {{ ref('stg_allergies__allergies') }}

),

appointments as (

    select * from {{ ref('stg_appointments__appointments') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

payments as (

    select * from {{ ref('stg_billing__payments') }}

),

careplans as (

    select * from {{ ref('stg_careplans__careplans') }}

),

claims as (

    select * from {{ ref('stg_claims__claims') }}

),

device_uses as (

    select * from {{ ref('stg_devices__device_uses') }}

),

diagnoses as (

    select * from {{ ref('stg_diagnoses__diagnoses') }}

),

encounters as (

    select * from {{ ref('stg_encounters__encounters') }}

),

immunizations as (

    select * from {{ ref('stg_immunizations__immunizations') }}

),

lab_results as (

    select * from {{ ref('stg_labs__lab_results') }}

),

medication_requests as (

    select * from {{ ref('stg_medications__medication_requests') }}

),

observations as (

    select * from {{ ref('stg_observations__observations') }}

),

dispenses as (

    select * from {{ ref('stg_pharmacy__dispenses') }}

),

procedures as (

    select * from {{ ref('stg_procedures__procedures') }}

),

providers as (

    select * from {{ ref('stg_providers__providers') }}

),

imaging_studies as (

    select * from {{ ref('stg_radiology__imaging_studies') }}

),

coverages as (

    select * from {{ ref('stg_registrations__coverages') }}

),

registrations as (

    select * from {{ ref('stg_registrations__registrations') }}

),

vital_signs as (

    select * from {{ ref('stg_vitals__vital_signs') }}

),

as_of as (

    {{ as_of_date([
        'patients',
        'admissions',
        'allergies',
        'appointments',
        'charges',
        'payments',
        'careplans',
        'claims',
        'device_uses',
        'diagnoses',
        'encounters',
        'immunizations',
        'lab_results',
        'medication_requests',
        'observations',
        'dispenses',
        'procedures',
        'providers',
        'imaging_studies',
        'coverages',
        'registrations',
        'vital_signs',
    ]) }}

),

admissions_by_patient as (

    select
        patient_id,
        count(*) as admissions,
        max(admitted_at) as last_admitted_at,
        max(case when discharged_at is null then 1 else 0 end) = 1 as is_admitted
    from admissions
    group by patient_id

),

-- One substance may be recorded in several encounters. Refuted allergies are no allergies.
active_allergies as (

    select
        patient_id,
        code,
        max(display) as display,
        max(case when criticality = 'high' then 1 else 0 end) as is_high_criticality
    from allergies
    where clinical_status = 'active'
        and coalesce(verification_status, 'unconfirmed') not in ('refuted', 'entered-in-error')
    group by
        patient_id,
        code

),

allergies_by_patient as (

    select
        patient_id,
        count(*) as active_allergies,
        cast(sum(is_high_criticality) as int64) as high_criticality_allergies,
        {{ dbt.listagg('display', "'; '", 'order by display') }} as active_allergy_names
    from active_allergies
    group by patient_id

),

appointments_by_patient as (

    select
        appointments.patient_id,
        cast(sum(case when appointments.status = 'fulfilled' then 1 else 0 end) as int64) as kept_appointments,
        cast(sum(case when appointments.status = 'noshow' then 1 else 0 end) as int64) as missed_appointments,
        min(
            case
                when appointments.status = 'booked' and cast(appointments.starts_at as date) > as_of.as_of_date
                    then appointments.starts_at
            end
        ) as next_appointment_at
    from appointments
    cross join as_of
    group by appointments.patient_id

),

charges_by_patient as (

    select
        patient_id,
        sum(amount) as charged_amount
    from charges
    where status not in ('planned', 'not-billable', 'aborted', 'entered-in-error')
    group by patient_id

),

payments_by_patient as (

    select
        patient_id,
        sum(amount) as received_amount,
        sum(adjustment_amount) as adjusted_amount
    from payments
    where status = 'active'
    group by patient_id

),

careplans_by_patient as (

    select
        patient_id,
        cast(sum(case when status = 'active' then 1 else 0 end) as int64) as active_careplans,
        max(reviewed_at) as last_careplan_reviewed_at
    from careplans
    where status <> 'entered-in-error'
    group by patient_id

),

claims_by_patient as (

    select
        patient_id,
        count(*) as claims,
        sum(billed_amount) as claim_billed_amount,
        sum(paid_amount) as claim_paid_amount,
        sum(patient_responsibility_amount) as patient_responsibility_amount,
        max(service_from) as last_claim_service_date
    from claims
    where status = 'active'
    group by patient_id

),

device_uses_by_patient as (

    select
        patient_id,
        count(*) as active_devices
    from device_uses
    where status = 'active'
    group by patient_id

),

-- A recurrence or relapse is active disease. One condition may be recorded in several encounters.
diagnoses_by_patient as (

    select
        patient_id,
        count(
            distinct case when clinical_status in ('active', 'recurrence', 'relapse') then code end
        ) as active_diagnoses,
        max(recorded_at) as last_diagnosis_recorded_at
    from diagnoses
    where coalesce(verification_status, 'unconfirmed') not in ('refuted', 'entered-in-error')
    group by patient_id

),

encounters_by_patient as (

    select
        patient_id,
        count(*) as encounters,
        cast(sum(case when encounter_class = 'EMER' then 1 else 0 end) as int64) as emergency_encounters,
        max(started_at) as last_encounter_at
    from encounters
    where status not in ('planned', 'cancelled', 'entered-in-error')
    group by patient_id

),

immunizations_by_patient as (

    select
        patient_id,
        count(*) as immunizations,
        max(occurred_at) as last_immunized_at
    from immunizations
    where status = 'completed'
    group by patient_id

),

ranked_lab_results as (

    select
        *,
        row_number() over (partition by patient_id order by resulted_at desc, lab_result_id asc) as recency
    from lab_results
    where status in ('final', 'amended', 'corrected')
        and resulted_at is not null

),

lab_results_by_patient as (

    select
        patient_id,
        count(*) as lab_results,
        cast(sum(
            case when value_numeric < reference_low or value_numeric > reference_high then 1 else 0 end
        ) as int64) as abnormal_lab_results,
        max(case when recency = 1 then resulted_at end) as last_lab_resulted_at,
        max(case when recency = 1 then display end) as last_lab_test,
        max(case when recency = 1 then value_numeric end) as last_lab_value,
        max(case when recency = 1 then unit end) as last_lab_unit
    from ranked_lab_results
    group by patient_id

),

medication_requests_by_patient as (

    select
        medication_requests.patient_id,
        count(distinct medication_requests.code) as active_medications,
        max(medication_requests.authored_at) as last_medication_ordered_at
    from medication_requests
    cross join as_of
    where medication_requests.status = 'active'
        and medication_requests.intent not in ('proposal', 'plan', 'option')
        and (medication_requests.ended_at is null or cast(medication_requests.ended_at as date) >= as_of.as_of_date)
    group by medication_requests.patient_id

),

-- LOINC 44261-6: total score of the Patient Health Questionnaire 9, the usual screen for depression.
ranked_phq9_scores as (

    select
        *,
        row_number() over (partition by patient_id order by observed_at desc, observation_id asc) as recency
    from observations
    where code = '44261-6'
        and status in ('final', 'amended', 'corrected')

),

observations_by_patient as (

    select
        patient_id,
        value_numeric as last_phq9_score,
        observed_at as last_phq9_at
    from ranked_phq9_scores
    where recency = 1

),

dispenses_by_patient as (

    select
        patient_id,
        count(*) as dispenses,
        max(dispensed_at) as last_dispensed_at
    from dispenses
    where status = 'completed'
    group by patient_id

),

procedures_by_patient as (

    select
        patient_id,
        count(*) as procedures,
        max(started_at) as last_procedure_at
    from procedures
    where status = 'completed'
    group by patient_id

),

providers_by_patient as (

    select
        patients.patient_id,
        providers.specialty as primary_provider_specialty
    from patients
    inner join providers on patients.primary_provider_id = providers.provider_id

),

imaging_studies_by_patient as (

    select
        patient_id,
        count(*) as imaging_studies,
        max(started_at) as last_imaging_study_at
    from imaging_studies
    where status not in ('cancelled', 'entered-in-error')
    group by patient_id

),

-- The coverage that is billed first, of those in force on the as-of date.
ranked_coverages as (

    select
        coverages.*,
        row_number() over (
            partition by coverages.patient_id
            order by coalesce(coverages.priority_rank, 99) asc, coverages.started_date desc, coverages.coverage_id asc
        ) as precedence
    from coverages
    cross join as_of
    where coverages.status = 'active'
        and coverages.started_date <= as_of.as_of_date
        and (coverages.ended_date is null or coverages.ended_date >= as_of.as_of_date)

),

coverages_by_patient as (

    select
        patient_id,
        payer_name as primary_payer_name,
        coverage_type as primary_coverage_type
    from ranked_coverages
    where precedence = 1

),

ranked_registrations as (

    select
        *,
        row_number() over (partition by patient_id order by registered_at desc, registration_id asc) as recency
    from registrations

),

registrations_by_patient as (

    select
        patient_id,
        registered_at as last_registered_at,
        interpreter_needed
    from ranked_registrations
    where recency = 1

),

ranked_vital_signs as (

    select
        *,
        row_number() over (partition by patient_id, code order by measured_at desc, vital_sign_id asc) as recency
    from vital_signs
    where status in ('final', 'amended', 'corrected')
        and value_numeric is not null

),

-- LOINC 8480-6 systolic and 8462-4 diastolic blood pressure, 39156-5 body mass index.
vital_signs_by_patient as (

    select
        patient_id,
        max(case when code = '8480-6' then value_numeric end) as last_systolic_pressure,
        max(case when code = '8462-4' then value_numeric end) as last_diastolic_pressure,
        max(case when code = '8480-6' then measured_at end) as last_blood_pressure_at,
        max(case when code = '39156-5' then value_numeric end) as last_body_mass_index
    from ranked_vital_signs
    where recency = 1
    group by patient_id

),

-- Age ends with death.
patients_with_age as (

    select
        patients.*,
        as_of.as_of_date,
        coalesce(patients.death_date <= as_of.as_of_date, false) as is_deceased,
        {{ years_between(
            'patients.birth_date',
            'case when patients.death_date <= as_of.as_of_date then patients.death_date else as_of.as_of_date end'
        ) }} as age
    from patients
    cross join as_of

),

final as (

    select
        patients_with_age.patient_id,
        patients_with_age.mrn,
        patients_with_age.birth_date,
        patients_with_age.death_date,
        patients_with_age.is_deceased,
        patients_with_age.age,
        -- Ages over 89 are one group: 45 CFR 164.514(b)(2)(i)(C).
        case
            when patients_with_age.age < 18 then '0-17'
            when patients_with_age.age < 40 then '18-39'
            when patients_with_age.age < 65 then '40-64'
            when patients_with_age.age < 90 then '65-89'
            when patients_with_age.age >= 90 then '90+'
        end as age_group,
        patients_with_age.administrative_sex,
        patients_with_age.race,
        patients_with_age.ethnicity,
        patients_with_age.preferred_language,
        patients_with_age.marital_status,
        patients_with_age.state,
        patients_with_age.postal_area,
        patients_with_age.primary_provider_id,
        coalesce(admissions_by_patient.admissions, 0) as admissions,
        admissions_by_patient.last_admitted_at,
        coalesce(admissions_by_patient.is_admitted, false) as is_admitted,
        coalesce(allergies_by_patient.active_allergies, 0) as active_allergies,
        coalesce(allergies_by_patient.high_criticality_allergies, 0) as high_criticality_allergies,
        allergies_by_patient.active_allergy_names,
        coalesce(appointments_by_patient.kept_appointments, 0) as kept_appointments,
        coalesce(appointments_by_patient.missed_appointments, 0) as missed_appointments,
        appointments_by_patient.next_appointment_at,
        {{ zero_if_null('charges_by_patient.charged_amount') }} as charged_amount,
        {{ zero_if_null('payments_by_patient.received_amount') }} as received_amount,
        {{ zero_if_null('payments_by_patient.adjusted_amount') }} as adjusted_amount,
        coalesce(careplans_by_patient.active_careplans, 0) as active_careplans,
        careplans_by_patient.last_careplan_reviewed_at,
        coalesce(claims_by_patient.claims, 0) as claims,
        {{ zero_if_null('claims_by_patient.claim_billed_amount') }} as claim_billed_amount,
        {{ zero_if_null('claims_by_patient.claim_paid_amount') }} as claim_paid_amount,
        {{ zero_if_null('claims_by_patient.patient_responsibility_amount') }} as patient_responsibility_amount,
        claims_by_patient.last_claim_service_date,
        coalesce(device_uses_by_patient.active_devices, 0) as active_devices,
        coalesce(diagnoses_by_patient.active_diagnoses, 0) as active_diagnoses,
        diagnoses_by_patient.last_diagnosis_recorded_at,
        coalesce(encounters_by_patient.encounters, 0) as encounters,
        coalesce(encounters_by_patient.emergency_encounters, 0) as emergency_encounters,
        encounters_by_patient.last_encounter_at,
        coalesce(immunizations_by_patient.immunizations, 0) as immunizations,
        immunizations_by_patient.last_immunized_at,
        coalesce(lab_results_by_patient.lab_results, 0) as lab_results,
        coalesce(lab_results_by_patient.abnormal_lab_results, 0) as abnormal_lab_results,
        lab_results_by_patient.last_lab_resulted_at,
        lab_results_by_patient.last_lab_test,
        lab_results_by_patient.last_lab_value,
        lab_results_by_patient.last_lab_unit,
        coalesce(medication_requests_by_patient.active_medications, 0) as active_medications,
        medication_requests_by_patient.last_medication_ordered_at,
        observations_by_patient.last_phq9_score,
        observations_by_patient.last_phq9_at,
        coalesce(dispenses_by_patient.dispenses, 0) as dispenses,
        dispenses_by_patient.last_dispensed_at,
        coalesce(procedures_by_patient.procedures, 0) as procedures,
        procedures_by_patient.last_procedure_at,
        providers_by_patient.primary_provider_specialty,
        coalesce(imaging_studies_by_patient.imaging_studies, 0) as imaging_studies,
        imaging_studies_by_patient.last_imaging_study_at,
        coverages_by_patient.primary_payer_name,
        coverages_by_patient.primary_coverage_type,
        registrations_by_patient.last_registered_at,
        registrations_by_patient.interpreter_needed,
        vital_signs_by_patient.last_systolic_pressure,
        vital_signs_by_patient.last_diastolic_pressure,
        vital_signs_by_patient.last_blood_pressure_at,
        vital_signs_by_patient.last_body_mass_index,
        patients_with_age.as_of_date
    from patients_with_age
    left join admissions_by_patient on patients_with_age.patient_id = admissions_by_patient.patient_id
    left join allergies_by_patient on patients_with_age.patient_id = allergies_by_patient.patient_id
    left join appointments_by_patient on patients_with_age.patient_id = appointments_by_patient.patient_id
    left join charges_by_patient on patients_with_age.patient_id = charges_by_patient.patient_id
    left join payments_by_patient on patients_with_age.patient_id = payments_by_patient.patient_id
    left join careplans_by_patient on patients_with_age.patient_id = careplans_by_patient.patient_id
    left join claims_by_patient on patients_with_age.patient_id = claims_by_patient.patient_id
    left join device_uses_by_patient on patients_with_age.patient_id = device_uses_by_patient.patient_id
    left join diagnoses_by_patient on patients_with_age.patient_id = diagnoses_by_patient.patient_id
    left join encounters_by_patient on patients_with_age.patient_id = encounters_by_patient.patient_id
    left join immunizations_by_patient on patients_with_age.patient_id = immunizations_by_patient.patient_id
    left join lab_results_by_patient on patients_with_age.patient_id = lab_results_by_patient.patient_id
    left join medication_requests_by_patient on patients_with_age.patient_id = medication_requests_by_patient.patient_id
    left join observations_by_patient on patients_with_age.patient_id = observations_by_patient.patient_id
    left join dispenses_by_patient on patients_with_age.patient_id = dispenses_by_patient.patient_id
    left join procedures_by_patient on patients_with_age.patient_id = procedures_by_patient.patient_id
    left join providers_by_patient on patients_with_age.patient_id = providers_by_patient.patient_id
    left join imaging_studies_by_patient on patients_with_age.patient_id = imaging_studies_by_patient.patient_id
    left join coverages_by_patient on patients_with_age.patient_id = coverages_by_patient.patient_id
    left join registrations_by_patient on patients_with_age.patient_id = registrations_by_patient.patient_id
    left join vital_signs_by_patient on patients_with_age.patient_id = vital_signs_by_patient.patient_id

)

select * from final

-- A stay is an inpatient encounter, and bears its number.
select
    Id as admission_id,
    PATIENT as patient_id,
    Id as encounter_id,
    PROVIDER as attending_provider_id,
    ORGANIZATION as organization_id,
    REASONCODE as admitting_reason_code,
    REASONDESCRIPTION as admitting_reason,
    "START" as admitted_at,
    STOP as discharged_at,
    coalesce(STOP, "START") as updated_at
from encounters
where ENCOUNTERCLASS = 'inpatient'

-- The classes are mapped as Synthea's own FHIR export maps them.
select
    Id as encounter_id,
    PATIENT as patient_id,
    PROVIDER as provider_id,
    ORGANIZATION as organization_id,
    case ENCOUNTERCLASS
        when 'wellness' then 'AMB'
        when 'ambulatory' then 'AMB'
        when 'outpatient' then 'AMB'
        when 'urgentcare' then 'AMB'
        when 'emergency' then 'EMER'
        when 'inpatient' then 'IMP'
        when 'snf' then 'IMP'
        when 'home' then 'HH'
        when 'hospice' then 'HH'
        when 'virtual' then 'VR'
        else ENCOUNTERCLASS
    end as encounter_class,
    case when STOP is null then 'in-progress' else 'finished' end as status,
    CODE as type_code,
    DESCRIPTION as type_display,
    REASONCODE as reason_code,
    REASONDESCRIPTION as reason_display,
    "START" as started_at,
    STOP as ended_at,
    coalesce(STOP, "START") as updated_at
from encounters

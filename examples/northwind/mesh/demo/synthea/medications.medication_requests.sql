-- Status, intent and prescriber are what Synthea's own FHIR export says.
select
    md5(concat_ws('|', medications.PATIENT, medications.ENCOUNTER, medications.CODE, medications."START")) as medication_request_id,
    medications.PATIENT as patient_id,
    medications.ENCOUNTER as encounter_id,
    encounters.PROVIDER as prescriber_id,
    medications.CODE as code,
    medications.DESCRIPTION as display,
    case when medications.STOP is null then 'active' else 'stopped' end as status,
    'order' as intent,
    medications.REASONCODE as reason_code,
    medications.REASONDESCRIPTION as reason_display,
    medications."START" as authored_at,
    medications.STOP as ended_at,
    coalesce(medications.STOP, medications."START") as updated_at
from medications
left join encounters on encounters.Id = medications.ENCOUNTER

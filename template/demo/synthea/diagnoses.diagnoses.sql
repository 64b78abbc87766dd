-- Synthea simulates: what it writes is confirmed, and diagnosed in the encounter named.
select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "START")) as diagnosis_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    'http://snomed.info/sct' as code_system_uri,
    DESCRIPTION as display,
    case when STOP is null then 'active' else 'resolved' end as clinical_status,
    'confirmed' as verification_status,
    'encounter-diagnosis' as category,
    "START" as onset_date,
    STOP as abated_date,
    coalesce(STOP, "START") as updated_at
from conditions

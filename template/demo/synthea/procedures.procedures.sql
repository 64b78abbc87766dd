select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "START")) as procedure_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    'http://snomed.info/sct' as code_system_uri,
    DESCRIPTION as display,
    'completed' as status,
    REASONCODE as reason_code,
    REASONDESCRIPTION as reason_display,
    "START" as started_at,
    STOP as ended_at,
    coalesce(STOP, "START") as updated_at
from procedures

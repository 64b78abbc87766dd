select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "DATE")) as vital_sign_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    DESCRIPTION as display,
    case when TYPE = 'numeric' then VALUE end as value_numeric,
    case when TYPE <> 'numeric' then VALUE end as value_text,
    UNITS as unit,
    'final' as status,
    "DATE" as measured_at,
    "DATE" as updated_at,
    case when not regexp_full_match(CODE, '[0-9]{1,7}-[0-9]') then 'code is no LOINC code: ' || CODE end as skip_reason
from observations
where CATEGORY = 'vital-signs'

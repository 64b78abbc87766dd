-- Synthea has one time for a result: it orders, collects and reports at once.
select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "DATE")) as lab_result_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    DESCRIPTION as display,
    case when TYPE = 'numeric' then VALUE end as value_numeric,
    case when TYPE <> 'numeric' then VALUE end as value_text,
    UNITS as unit,
    'final' as status,
    "DATE" as ordered_at,
    "DATE" as collected_at,
    "DATE" as resulted_at,
    "DATE" as updated_at,
    case when not regexp_full_match(CODE, '[0-9]{1,7}-[0-9]') then 'code is no LOINC code: ' || CODE end as skip_reason
from observations
where CATEGORY = 'laboratory'

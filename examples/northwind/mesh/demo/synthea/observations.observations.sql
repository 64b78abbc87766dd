-- Synthea's quality-of-life scores QALY, DALY and QOLS have no LOINC code, the rest has.
select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "DATE")) as observation_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    DESCRIPTION as display,
    CATEGORY as category,
    'final' as status,
    case when TYPE = 'numeric' then VALUE end as value_numeric,
    UNITS as unit,
    case when TYPE <> 'numeric' then VALUE end as value_text,
    "DATE" as observed_at,
    "DATE" as updated_at,
    case when not regexp_full_match(CODE, '[0-9]{1,7}-[0-9]') then 'code is no LOINC code: ' || CODE end as skip_reason
from observations
where CATEGORY is null or CATEGORY not in ('laboratory', 'vital-signs')

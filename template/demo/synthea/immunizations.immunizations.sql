select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "DATE")) as immunization_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    -- CVX codes have two digits at least.
    case when length(CODE) < 2 then lpad(CODE, 2, '0') else CODE end as code,
    DESCRIPTION as display,
    'completed' as status,
    "DATE" as occurred_at,
    "DATE" as updated_at
from immunizations

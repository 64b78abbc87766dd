select
    Id as careplan_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    DESCRIPTION as display,
    case when STOP is null then 'active' else 'completed' end as status,
    'order' as intent,
    REASONCODE as reason_code,
    REASONDESCRIPTION as reason_display,
    "START" as started_at,
    STOP as ended_at,
    coalesce(STOP, "START") as updated_at
from careplans

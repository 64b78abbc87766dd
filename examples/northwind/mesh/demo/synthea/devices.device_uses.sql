-- The parts of a UDI are marked with GS1 application identifiers: 11 made, 17 expires, 10 lot, 21 serial number.
select
    md5(concat_ws('|', PATIENT, ENCOUNTER, CODE, "START", UDI)) as device_use_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    DESCRIPTION as display,
    UDI as udi,
    nullif(regexp_extract(UDI, '\(21\)([^(]+)', 1), '') as serial_number,
    nullif(regexp_extract(UDI, '\(10\)([^(]+)', 1), '') as lot_number,
    try_strptime(regexp_extract(UDI, '\(11\)([0-9]{6})', 1), '%y%m%d') as manufactured_date,
    try_strptime(regexp_extract(UDI, '\(17\)([0-9]{6})', 1), '%y%m%d') as expiration_date,
    case when STOP is null then 'active' else 'completed' end as status,
    "START" as started_at,
    STOP as ended_at,
    coalesce(STOP, "START") as updated_at
from devices

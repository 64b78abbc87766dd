{{
    config(
        unique_key='medication_request_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('medications', 'medication_requests')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        medication_request_id,
        patient_id,
        encounter_id,
        prescriber_id,
        code,
        display,
        ndc,
        status,
        intent,
        reason_code,
        reason_display,
        {{ landed_value('dose_value', 'numeric') }} as dose_value,
        dose_unit,
        route,
        route_display,
        frequency,
        {{ landed_value('refills_allowed', 'int64') }} as refills_allowed,
        {{ landed_value('authored_at', 'timestamp') }} as authored_at,
        {{ landed_value('ended_at', 'timestamp') }} as ended_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'dose_value': 'numeric',
            'refills_allowed': 'int64',
            'authored_at': 'timestamp',
            'ended_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        medication_request_id,
        patient_id,
        encounter_id,
        prescriber_id,
        code,
        display,
        ndc,
        status,
        intent,
        reason_code,
        reason_display,
        dose_value,
        dose_unit,
        route,
        route_display,
        frequency,
        refills_allowed,
        authored_at,
        ended_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('medication_request_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('medication_request_id') }}
    qualify {{ is_latest_version('medication_request_id') }}

)

select * from latest

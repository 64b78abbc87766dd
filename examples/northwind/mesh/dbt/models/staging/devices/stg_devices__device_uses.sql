{{
    config(
        unique_key='device_use_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('devices', 'device_uses')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        device_use_id,
        patient_id,
        encounter_id,
        code,
        display,
        udi,
        serial_number,
        lot_number,
        manufacturer_name,
        model_number,
        status,
        body_site_code,
        performer_id,
        {{ landed_value('manufactured_date', 'date') }} as manufactured_date,
        {{ landed_value('expiration_date', 'date') }} as expiration_date,
        {{ landed_value('started_at', 'timestamp') }} as started_at,
        {{ landed_value('ended_at', 'timestamp') }} as ended_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'manufactured_date': 'date',
            'expiration_date': 'date',
            'started_at': 'timestamp',
            'ended_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        device_use_id,
        patient_id,
        encounter_id,
        code,
        display,
        udi,
        serial_number,
        lot_number,
        manufacturer_name,
        model_number,
        status,
        body_site_code,
        performer_id,
        manufactured_date,
        expiration_date,
        started_at,
        ended_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('device_use_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('device_use_id') }}
    qualify {{ is_latest_version('device_use_id') }}

)

select * from latest

{{
    config(
        unique_key='vital_sign_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('vitals', 'vital_signs')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        vital_sign_id,
        patient_id,
        encounter_id,
        code,
        display,
        {{ landed_value('value_numeric', 'numeric') }} as value_numeric,
        unit,
        {{ landed_value('reference_low', 'numeric') }} as reference_low,
        {{ landed_value('reference_high', 'numeric') }} as reference_high,
        interpretation,
        status,
        body_site_code,
        {{ landed_value('is_device_reported', 'bool') }} as is_device_reported,
        performer_id,
        {{ landed_value('measured_at', 'timestamp') }} as measured_at,
        {{ landed_value('recorded_at', 'timestamp') }} as recorded_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'value_numeric': 'numeric',
            'reference_low': 'numeric',
            'reference_high': 'numeric',
            'is_device_reported': 'bool',
            'measured_at': 'timestamp',
            'recorded_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        vital_sign_id,
        patient_id,
        encounter_id,
        code,
        display,
        value_numeric,
        unit,
        reference_low,
        reference_high,
        interpretation,
        status,
        body_site_code,
        is_device_reported,
        performer_id,
        measured_at,
        recorded_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('vital_sign_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('vital_sign_id') }}
    qualify {{ is_latest_version('vital_sign_id') }}

)

select * from latest

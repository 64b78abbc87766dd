{{
    config(
        unique_key='administration_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('pharmacy', 'administrations')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        administration_id,
        medication_request_id,
        patient_id,
        encounter_id,
        performer_id,
        code,
        display,
        status,
        {{ landed_value('dose_value', 'numeric') }} as dose_value,
        dose_unit,
        route,
        route_display,
        {{ landed_value('is_barcode_scanned', 'bool') }} as is_barcode_scanned,
        {{ landed_value('scheduled_at', 'timestamp') }} as scheduled_at,
        {{ landed_value('administered_at', 'timestamp') }} as administered_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'dose_value': 'numeric',
            'is_barcode_scanned': 'bool',
            'scheduled_at': 'timestamp',
            'administered_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        administration_id,
        medication_request_id,
        patient_id,
        encounter_id,
        performer_id,
        code,
        display,
        status,
        dose_value,
        dose_unit,
        route,
        route_display,
        is_barcode_scanned,
        scheduled_at,
        administered_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('administration_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('administration_id') }}
    qualify {{ is_latest_version('administration_id') }}

)

select * from latest

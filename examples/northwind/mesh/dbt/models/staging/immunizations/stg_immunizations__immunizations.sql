{{
    config(
        unique_key='immunization_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('immunizations', 'immunizations')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        immunization_id,
        patient_id,
        encounter_id,
        code,
        display,
        vaccine_group,
        status,
        {{ landed_value('occurred_at', 'timestamp') }} as occurred_at,
        lot_number,
        {{ landed_value('expiration_date', 'date') }} as expiration_date,
        manufacturer,
        manufacturer_name,
        route,
        body_site_code,
        {{ landed_value('dose_value', 'numeric') }} as dose_value,
        {{ landed_value('dose_number', 'int64') }} as dose_number,
        {{ landed_value('is_historical', 'bool') }} as is_historical,
        performer_id,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'occurred_at': 'timestamp',
            'expiration_date': 'date',
            'dose_value': 'numeric',
            'dose_number': 'int64',
            'is_historical': 'bool',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        immunization_id,
        patient_id,
        encounter_id,
        code,
        display,
        vaccine_group,
        status,
        occurred_at,
        lot_number,
        expiration_date,
        manufacturer,
        manufacturer_name,
        route,
        body_site_code,
        dose_value,
        dose_number,
        is_historical,
        performer_id,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('immunization_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('immunization_id') }}
    qualify {{ is_latest_version('immunization_id') }}

)

select * from latest

{{
    config(
        unique_key='encounter_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('encounters', 'encounters')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        encounter_id,
        patient_id,
        appointment_id,
        provider_id,
        organization_id,
        encounter_class,
        status,
        type_code,
        type_display,
        reason_code,
        reason_display,
        department,
        {{ landed_value('started_at', 'timestamp') }} as started_at,
        {{ landed_value('ended_at', 'timestamp') }} as ended_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'started_at': 'timestamp',
            'ended_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        encounter_id,
        patient_id,
        appointment_id,
        provider_id,
        organization_id,
        encounter_class,
        status,
        type_code,
        type_display,
        reason_code,
        reason_display,
        department,
        started_at,
        ended_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('encounter_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('encounter_id') }}
    qualify {{ is_latest_version('encounter_id') }}

)

select * from latest

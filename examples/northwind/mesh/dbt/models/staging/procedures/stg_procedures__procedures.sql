{{
    config(
        unique_key='procedure_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('procedures', 'procedures')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        procedure_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        status,
        reason_code,
        reason_display,
        body_site_code,
        body_site,
        performer_id,
        organization_id,
        {{ landed_value('started_at', 'timestamp') }} as started_at,
        {{ landed_value('ended_at', 'timestamp') }} as ended_at,
        {{ landed_value('is_complicated', 'bool') }} as is_complicated,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'started_at': 'timestamp',
            'ended_at': 'timestamp',
            'is_complicated': 'bool',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        procedure_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        status,
        reason_code,
        reason_display,
        body_site_code,
        body_site,
        performer_id,
        organization_id,
        started_at,
        ended_at,
        is_complicated,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('procedure_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('procedure_id') }}
    qualify {{ is_latest_version('procedure_id') }}

)

select * from latest

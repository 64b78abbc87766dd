{{
    config(
        unique_key='imaging_study_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('radiology', 'imaging_studies')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        imaging_study_id,
        patient_id,
        encounter_id,
        accession_number,
        study_uid,
        modality,
        modality_display,
        procedure_code,
        procedure_display,
        body_site_code,
        body_site,
        status,
        {{ landed_value('series_count', 'int64') }} as series_count,
        {{ landed_value('instance_count', 'int64') }} as instance_count,
        referrer_id,
        {{ landed_value('started_at', 'timestamp') }} as started_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'series_count': 'int64',
            'instance_count': 'int64',
            'started_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        imaging_study_id,
        patient_id,
        encounter_id,
        accession_number,
        study_uid,
        modality,
        modality_display,
        procedure_code,
        procedure_display,
        body_site_code,
        body_site,
        status,
        series_count,
        instance_count,
        referrer_id,
        started_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('imaging_study_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('imaging_study_id') }}
    qualify {{ is_latest_version('imaging_study_id') }}

)

select * from latest

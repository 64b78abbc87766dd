{{
    config(
        unique_key='imaging_report_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('radiology', 'imaging_reports')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        imaging_report_id,
        imaging_study_id,
        patient_id,
        encounter_id,
        code,
        display,
        status,
        radiologist_id,
        report_text,
        impression,
        {{ landed_value('is_critical', 'bool') }} as is_critical,
        {{ landed_value('dictated_at', 'timestamp') }} as dictated_at,
        {{ landed_value('issued_at', 'timestamp') }} as issued_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'is_critical': 'bool',
            'dictated_at': 'timestamp',
            'issued_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        imaging_report_id,
        imaging_study_id,
        patient_id,
        encounter_id,
        code,
        display,
        status,
        radiologist_id,
        report_text,
        impression,
        is_critical,
        dictated_at,
        issued_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('imaging_report_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('imaging_report_id') }}
    qualify {{ is_latest_version('imaging_report_id') }}

)

select * from latest

{{
    config(
        unique_key='diagnosis_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('diagnoses', 'diagnoses')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        diagnosis_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        clinical_status,
        verification_status,
        category,
        severity_code,
        severity,
        {{ landed_value('diagnosis_rank', 'int64') }} as diagnosis_rank,
        {{ landed_value('present_on_admission', 'bool') }} as present_on_admission,
        recorder_id,
        {{ landed_value('onset_date', 'date') }} as onset_date,
        {{ landed_value('abated_date', 'date') }} as abated_date,
        {{ landed_value('recorded_at', 'timestamp') }} as recorded_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'diagnosis_rank': 'int64',
            'present_on_admission': 'bool',
            'onset_date': 'date',
            'abated_date': 'date',
            'recorded_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        diagnosis_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        clinical_status,
        verification_status,
        category,
        severity_code,
        severity,
        diagnosis_rank,
        present_on_admission,
        recorder_id,
        onset_date,
        abated_date,
        recorded_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('diagnosis_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('diagnosis_id') }}
    qualify {{ is_latest_version('diagnosis_id') }}

)

select * from latest

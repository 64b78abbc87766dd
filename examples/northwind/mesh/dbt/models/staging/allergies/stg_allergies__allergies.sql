{{
    config(
        unique_key='allergy_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('allergies', 'allergies')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        allergy_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        allergy_type,
        category,
        criticality,
        clinical_status,
        verification_status,
        reaction_code,
        reaction,
        reaction_severity,
        recorder_id,
        {{ landed_value('onset_date', 'date') }} as onset_date,
        {{ landed_value('recorded_at', 'timestamp') }} as recorded_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'onset_date': 'date',
            'recorded_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        allergy_id,
        patient_id,
        encounter_id,
        code,
        code_system_uri,
        display,
        allergy_type,
        category,
        criticality,
        clinical_status,
        verification_status,
        reaction_code,
        reaction,
        reaction_severity,
        recorder_id,
        onset_date,
        recorded_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('allergy_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('allergy_id') }}
    qualify {{ is_latest_version('allergy_id') }}

)

select * from latest

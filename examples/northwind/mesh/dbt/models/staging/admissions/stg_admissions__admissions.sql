{{
    config(
        unique_key='admission_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('admissions', 'admissions')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        admission_id,
        patient_id,
        encounter_id,
        admission_type,
        admit_source,
        attending_provider_id,
        organization_id,
        admitting_reason_code,
        admitting_reason,
        {{ landed_value('admitted_at', 'timestamp') }} as admitted_at,
        {{ landed_value('discharged_at', 'timestamp') }} as discharged_at,
        discharge_disposition,
        drg_code,
        drg_title,
        {{ landed_value('expected_discharge_date', 'date') }} as expected_discharge_date,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'admitted_at': 'timestamp',
            'discharged_at': 'timestamp',
            'expected_discharge_date': 'date',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        admission_id,
        patient_id,
        encounter_id,
        admission_type,
        admit_source,
        attending_provider_id,
        organization_id,
        admitting_reason_code,
        admitting_reason,
        admitted_at,
        discharged_at,
        discharge_disposition,
        drg_code,
        drg_title,
        expected_discharge_date,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('admission_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('admission_id') }}
    qualify {{ is_latest_version('admission_id') }}

)

select * from latest

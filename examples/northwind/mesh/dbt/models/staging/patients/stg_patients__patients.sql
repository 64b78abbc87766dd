{{
    config(
        unique_key='patient_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('patients', 'patients')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        patient_id,
        mrn,
        ssn,
        given_name,
        middle_name,
        family_name,
        {{ landed_value('birth_date', 'date') }} as birth_date,
        {{ landed_value('death_date', 'date') }} as death_date,
        administrative_sex,
        race,
        ethnicity,
        preferred_language,
        marital_status,
        address_line,
        city,
        county,
        state,
        postal_code,
        postal_area,
        phone,
        email,
        primary_provider_id,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'birth_date': 'date',
            'death_date': 'date',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        patient_id,
        mrn,
        ssn,
        given_name,
        middle_name,
        family_name,
        birth_date,
        death_date,
        administrative_sex,
        race,
        ethnicity,
        preferred_language,
        marital_status,
        address_line,
        city,
        county,
        state,
        postal_code,
        postal_area,
        phone,
        email,
        primary_provider_id,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('patient_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('patient_id') }}
    qualify {{ is_latest_version('patient_id') }}

)

select * from latest

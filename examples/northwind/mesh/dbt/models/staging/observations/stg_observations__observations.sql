{{
    config(
        unique_key='observation_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('observations', 'observations')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        observation_id,
        patient_id,
        encounter_id,
        code,
        display,
        category,
        status,
        {{ landed_value('value_numeric', 'numeric') }} as value_numeric,
        unit,
        value_code,
        value_display,
        value_text,
        performer_id,
        {{ landed_value('observed_at', 'timestamp') }} as observed_at,
        {{ landed_value('issued_at', 'timestamp') }} as issued_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'value_numeric': 'numeric',
            'observed_at': 'timestamp',
            'issued_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        observation_id,
        patient_id,
        encounter_id,
        code,
        display,
        category,
        status,
        value_numeric,
        unit,
        value_code,
        value_display,
        value_text,
        performer_id,
        observed_at,
        issued_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('observation_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('observation_id') }}
    qualify {{ is_latest_version('observation_id') }}

)

select * from latest

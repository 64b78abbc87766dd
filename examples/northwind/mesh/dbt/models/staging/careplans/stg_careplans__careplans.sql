{{
    config(
        unique_key='careplan_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('careplans', 'careplans')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        careplan_id,
        patient_id,
        encounter_id,
        code,
        display,
        status,
        intent,
        reason_code,
        reason_display,
        goal,
        author_id,
        {{ landed_value('started_at', 'timestamp') }} as started_at,
        {{ landed_value('ended_at', 'timestamp') }} as ended_at,
        {{ landed_value('reviewed_at', 'timestamp') }} as reviewed_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'started_at': 'timestamp',
            'ended_at': 'timestamp',
            'reviewed_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        careplan_id,
        patient_id,
        encounter_id,
        code,
        display,
        status,
        intent,
        reason_code,
        reason_display,
        goal,
        author_id,
        started_at,
        ended_at,
        reviewed_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('careplan_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('careplan_id') }}
    qualify {{ is_latest_version('careplan_id') }}

)

select * from latest

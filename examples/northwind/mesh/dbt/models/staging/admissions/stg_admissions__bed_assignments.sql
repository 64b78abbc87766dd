{{
    config(
        unique_key='bed_assignment_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('admissions', 'bed_assignments')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        bed_assignment_id,
        admission_id,
        patient_id,
        ward,
        room,
        bed,
        level_of_care,
        {{ landed_value('is_isolation', 'bool') }} as is_isolation,
        {{ landed_value('assigned_at', 'timestamp') }} as assigned_at,
        {{ landed_value('released_at', 'timestamp') }} as released_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'is_isolation': 'bool',
            'assigned_at': 'timestamp',
            'released_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        bed_assignment_id,
        admission_id,
        patient_id,
        ward,
        room,
        bed,
        level_of_care,
        is_isolation,
        assigned_at,
        released_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('bed_assignment_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('bed_assignment_id') }}
    qualify {{ is_latest_version('bed_assignment_id') }}

)

select * from latest

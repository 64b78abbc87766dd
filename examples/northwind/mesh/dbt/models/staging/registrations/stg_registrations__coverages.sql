{{
    config(
        unique_key='coverage_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('registrations', 'coverages')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        coverage_id,
        patient_id,
        member_id,
        group_number,
        payer_name,
        plan_name,
        coverage_type,
        relationship_to_subscriber,
        subscriber_name,
        status,
        {{ landed_value('priority_rank', 'int64') }} as priority_rank,
        {{ landed_value('started_date', 'date') }} as started_date,
        {{ landed_value('ended_date', 'date') }} as ended_date,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'priority_rank': 'int64',
            'started_date': 'date',
            'ended_date': 'date',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        coverage_id,
        patient_id,
        member_id,
        group_number,
        payer_name,
        plan_name,
        coverage_type,
        relationship_to_subscriber,
        subscriber_name,
        status,
        priority_rank,
        started_date,
        ended_date,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('coverage_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('coverage_id') }}
    qualify {{ is_latest_version('coverage_id') }}

)

select * from latest

{{
    config(
        unique_key='appointment_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('appointments', 'appointments')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        appointment_id,
        patient_id,
        provider_id,
        organization_id,
        status,
        appointment_type,
        specialty_code,
        specialty,
        booking_channel,
        {{ landed_value('booked_at', 'timestamp') }} as booked_at,
        {{ landed_value('starts_at', 'timestamp') }} as starts_at,
        {{ landed_value('ends_at', 'timestamp') }} as ends_at,
        {{ landed_value('checked_in_at', 'timestamp') }} as checked_in_at,
        {{ landed_value('cancelled_at', 'timestamp') }} as cancelled_at,
        cancellation_reason,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'booked_at': 'timestamp',
            'starts_at': 'timestamp',
            'ends_at': 'timestamp',
            'checked_in_at': 'timestamp',
            'cancelled_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        appointment_id,
        patient_id,
        provider_id,
        organization_id,
        status,
        appointment_type,
        specialty_code,
        specialty,
        booking_channel,
        booked_at,
        starts_at,
        ends_at,
        checked_in_at,
        cancelled_at,
        cancellation_reason,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('appointment_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('appointment_id') }}
    qualify {{ is_latest_version('appointment_id') }}

)

select * from latest

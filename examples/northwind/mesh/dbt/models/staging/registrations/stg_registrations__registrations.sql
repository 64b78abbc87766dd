{{
    config(
        unique_key='registration_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('registrations', 'registrations')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        registration_id,
        patient_id,
        organization_id,
        coverage_id,
        {{ landed_value('registered_at', 'timestamp') }} as registered_at,
        registration_channel,
        consent_status,
        {{ landed_value('privacy_notice_acknowledged', 'bool') }} as privacy_notice_acknowledged,
        {{ landed_value('privacy_notice_date', 'date') }} as privacy_notice_date,
        {{ landed_value('interpreter_needed', 'bool') }} as interpreter_needed,
        {{ landed_value('advance_directive_on_file', 'bool') }} as advance_directive_on_file,
        emergency_contact_name,
        emergency_contact_relationship,
        emergency_contact_phone,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'registered_at': 'timestamp',
            'privacy_notice_acknowledged': 'bool',
            'privacy_notice_date': 'date',
            'interpreter_needed': 'bool',
            'advance_directive_on_file': 'bool',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        registration_id,
        patient_id,
        organization_id,
        coverage_id,
        registered_at,
        registration_channel,
        consent_status,
        privacy_notice_acknowledged,
        privacy_notice_date,
        interpreter_needed,
        advance_directive_on_file,
        emergency_contact_name,
        emergency_contact_relationship,
        emergency_contact_phone,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('registration_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('registration_id') }}
    qualify {{ is_latest_version('registration_id') }}

)

select * from latest

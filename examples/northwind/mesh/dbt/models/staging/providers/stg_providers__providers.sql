{{
    config(
        unique_key='provider_id',
        cluster_by=['provider_id'],
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('providers', 'providers')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        provider_id,
        npi,
        given_name,
        family_name,
        credential,
        administrative_gender,
        specialty_code,
        specialty,
        organization_id,
        {{ landed_value('is_active', 'bool') }} as is_active,
        phone,
        email,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'is_active': 'bool',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        provider_id,
        npi,
        given_name,
        family_name,
        credential,
        administrative_gender,
        specialty_code,
        specialty,
        organization_id,
        is_active,
        phone,
        email,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('provider_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('provider_id') }}
    qualify {{ is_latest_version('provider_id') }}

)

select * from latest

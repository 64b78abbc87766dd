{{
    config(
        unique_key='organization_id',
        cluster_by=['organization_id'],
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('providers', 'organizations')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        organization_id,
        name,
        npi,
        organization_type,
        address_line,
        city,
        state,
        postal_code,
        phone,
        {{ landed_value('licensed_beds', 'int64') }} as licensed_beds,
        {{ landed_value('is_active', 'bool') }} as is_active,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'licensed_beds': 'int64',
            'is_active': 'bool',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        organization_id,
        name,
        npi,
        organization_type,
        address_line,
        city,
        state,
        postal_code,
        phone,
        licensed_beds,
        is_active,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('organization_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('organization_id') }}
    qualify {{ is_latest_version('organization_id') }}

)

select * from latest

{{
    config(
        unique_key='charge_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('billing', 'charges')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        charge_id,
        patient_id,
        encounter_id,
        account_number,
        code,
        code_system_uri,
        display,
        cost_center,
        performer_id,
        status,
        {{ landed_value('service_date', 'date') }} as service_date,
        {{ landed_value('posted_at', 'timestamp') }} as posted_at,
        {{ landed_value('quantity', 'numeric') }} as quantity,
        {{ landed_value('unit_price', 'numeric') }} as unit_price,
        {{ landed_value('amount', 'numeric') }} as amount,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'service_date': 'date',
            'posted_at': 'timestamp',
            'quantity': 'numeric',
            'unit_price': 'numeric',
            'amount': 'numeric',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        charge_id,
        patient_id,
        encounter_id,
        account_number,
        code,
        code_system_uri,
        display,
        cost_center,
        performer_id,
        status,
        service_date,
        posted_at,
        quantity,
        unit_price,
        amount,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('charge_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('charge_id') }}
    qualify {{ is_latest_version('charge_id') }}

)

select * from latest

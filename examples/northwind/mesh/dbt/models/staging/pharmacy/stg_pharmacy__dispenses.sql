{{
    config(
        unique_key='dispense_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('pharmacy', 'dispenses')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        dispense_id,
        medication_request_id,
        patient_id,
        pharmacist_id,
        organization_id,
        code,
        display,
        ndc,
        status,
        {{ landed_value('quantity', 'numeric') }} as quantity,
        quantity_unit,
        {{ landed_value('days_supply', 'int64') }} as days_supply,
        {{ landed_value('fill_number', 'int64') }} as fill_number,
        {{ landed_value('is_substituted', 'bool') }} as is_substituted,
        {{ landed_value('dispensed_at', 'timestamp') }} as dispensed_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'quantity': 'numeric',
            'days_supply': 'int64',
            'fill_number': 'int64',
            'is_substituted': 'bool',
            'dispensed_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        dispense_id,
        medication_request_id,
        patient_id,
        pharmacist_id,
        organization_id,
        code,
        display,
        ndc,
        status,
        quantity,
        quantity_unit,
        days_supply,
        fill_number,
        is_substituted,
        dispensed_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('dispense_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('dispense_id') }}
    qualify {{ is_latest_version('dispense_id') }}

)

select * from latest

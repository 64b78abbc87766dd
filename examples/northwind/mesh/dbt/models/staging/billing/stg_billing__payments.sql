{{
    config(
        unique_key='payment_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('billing', 'payments')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        payment_id,
        charge_id,
        patient_id,
        payer_type,
        payer_name,
        method,
        status,
        reference_number,
        {{ landed_value('received_at', 'timestamp') }} as received_at,
        {{ landed_value('applied_at', 'timestamp') }} as applied_at,
        {{ landed_value('amount', 'numeric') }} as amount,
        {{ landed_value('adjustment_amount', 'numeric') }} as adjustment_amount,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'received_at': 'timestamp',
            'applied_at': 'timestamp',
            'amount': 'numeric',
            'adjustment_amount': 'numeric',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        payment_id,
        charge_id,
        patient_id,
        payer_type,
        payer_name,
        method,
        status,
        reference_number,
        received_at,
        applied_at,
        amount,
        adjustment_amount,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('payment_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('payment_id') }}
    qualify {{ is_latest_version('payment_id') }}

)

select * from latest

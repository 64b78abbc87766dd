{{
    config(
        unique_key='claim_line_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('claims', 'claim_lines')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        claim_line_id,
        claim_id,
        patient_id,
        {{ landed_value('line_number', 'int64') }} as line_number,
        procedure_code,
        procedure_code_system_uri,
        procedure_display,
        modifier,
        place_of_service,
        {{ landed_value('service_date', 'date') }} as service_date,
        {{ landed_value('quantity', 'numeric') }} as quantity,
        {{ landed_value('billed_amount', 'numeric') }} as billed_amount,
        {{ landed_value('allowed_amount', 'numeric') }} as allowed_amount,
        {{ landed_value('paid_amount', 'numeric') }} as paid_amount,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'line_number': 'int64',
            'service_date': 'date',
            'quantity': 'numeric',
            'billed_amount': 'numeric',
            'allowed_amount': 'numeric',
            'paid_amount': 'numeric',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        claim_line_id,
        claim_id,
        patient_id,
        line_number,
        procedure_code,
        procedure_code_system_uri,
        procedure_display,
        modifier,
        place_of_service,
        service_date,
        quantity,
        billed_amount,
        allowed_amount,
        paid_amount,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('claim_line_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('claim_line_id') }}
    qualify {{ is_latest_version('claim_line_id') }}

)

select * from latest

{{
    config(
        unique_key='claim_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('claims', 'claims')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        claim_id,
        patient_id,
        encounter_id,
        provider_id,
        organization_id,
        coverage_id,
        payer_name,
        claim_type,
        status,
        outcome,
        {{ landed_value('service_from', 'date') }} as service_from,
        {{ landed_value('service_to', 'date') }} as service_to,
        {{ landed_value('submitted_at', 'timestamp') }} as submitted_at,
        {{ landed_value('adjudicated_at', 'timestamp') }} as adjudicated_at,
        coalesce(diagnosis_codes, []) as diagnosis_codes,
        {{ landed_value('billed_amount', 'numeric') }} as billed_amount,
        {{ landed_value('allowed_amount', 'numeric') }} as allowed_amount,
        {{ landed_value('paid_amount', 'numeric') }} as paid_amount,
        {{ landed_value('patient_responsibility_amount', 'numeric') }} as patient_responsibility_amount,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'service_from': 'date',
            'service_to': 'date',
            'submitted_at': 'timestamp',
            'adjudicated_at': 'timestamp',
            'billed_amount': 'numeric',
            'allowed_amount': 'numeric',
            'paid_amount': 'numeric',
            'patient_responsibility_amount': 'numeric',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        claim_id,
        patient_id,
        encounter_id,
        provider_id,
        organization_id,
        coverage_id,
        payer_name,
        claim_type,
        status,
        outcome,
        service_from,
        service_to,
        submitted_at,
        adjudicated_at,
        diagnosis_codes,
        billed_amount,
        allowed_amount,
        paid_amount,
        patient_responsibility_amount,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('claim_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('claim_id') }}
    qualify {{ is_latest_version('claim_id') }}

)

select * from latest

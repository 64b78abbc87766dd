{#
  Charges, payments and claims each hang on an encounter in their own number. Each is summed up per encounter before it
  is joined: joined first, every charge would count once per claim.
#}
with encounters as (

    select * from {{ ref('stg_encounters__encounters') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

payments as (

    select * from {{ ref('stg_billing__payments') }}

),

claims as (

    select * from {{ ref('stg_claims__claims') }}

),

charges_by_encounter as (

    select
        encounter_id,
        count(*) as charges,
        sum(amount) as charged_amount
    from charges
    where status not in ('planned', 'not-billable', 'aborted', 'entered-in-error')
    group by encounter_id

),

-- Money that was received for a charge that no longer stands still was received: it shows as a credit.
payments_by_encounter as (

    select
        charges.encounter_id,
        sum(payments.amount) as received_amount,
        sum(payments.adjustment_amount) as adjusted_amount
    from payments
    inner join charges on payments.charge_id = charges.charge_id
    where payments.status = 'active'
    group by charges.encounter_id

),

claims_by_encounter as (

    select
        encounter_id,
        count(*) as claims,
        sum(billed_amount) as claim_billed_amount,
        sum(allowed_amount) as claim_allowed_amount,
        sum(paid_amount) as claim_paid_amount,
        sum(patient_responsibility_amount) as patient_responsibility_amount
    from claims
    where status = 'active'
    group by encounter_id

),

amounts_by_encounter as (

    select
        encounters.encounter_id,
        encounters.patient_id,
        encounters.encounter_class,
        encounters.department,
        encounters.started_at,
        coalesce(charges_by_encounter.charges, 0) as charges,
        {{ zero_if_null('charges_by_encounter.charged_amount') }} as charged_amount,
        {{ zero_if_null('payments_by_encounter.adjusted_amount') }} as adjusted_amount,
        {{ zero_if_null('payments_by_encounter.received_amount') }} as received_amount,
        coalesce(claims_by_encounter.claims, 0) as claims,
        {{ zero_if_null('claims_by_encounter.claim_billed_amount') }} as claim_billed_amount,
        {{ zero_if_null('claims_by_encounter.claim_allowed_amount') }} as claim_allowed_amount,
        {{ zero_if_null('claims_by_encounter.claim_paid_amount') }} as claim_paid_amount,
        {{ zero_if_null('claims_by_encounter.patient_responsibility_amount') }} as patient_responsibility_amount
    from encounters
    left join charges_by_encounter on encounters.encounter_id = charges_by_encounter.encounter_id
    left join payments_by_encounter on encounters.encounter_id = payments_by_encounter.encounter_id
    left join claims_by_encounter on encounters.encounter_id = claims_by_encounter.encounter_id

),

final as (

    select
        encounter_id,
        patient_id,
        encounter_class,
        department,
        started_at,
        charges,
        charged_amount,
        adjusted_amount,
        received_amount,
        cast(
            charged_amount - adjusted_amount - received_amount as {{ contract_type('numeric') }}
        ) as outstanding_balance,
        claims,
        claim_billed_amount,
        claim_allowed_amount,
        claim_paid_amount,
        patient_responsibility_amount
    from amounts_by_encounter

)

select * from final

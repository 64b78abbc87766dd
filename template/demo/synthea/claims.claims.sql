-- The coverage is that of the patient with the payer on the day of service; a claim without a payer has none.
with amounts as (

    select
        CLAIMID,
        sum(cast(AMOUNT as decimal(38, 9))) filter (TYPE = 'CHARGE') as billed_amount,
        sum(cast(PAYMENTS as decimal(38, 9))) filter (TYPE = 'PAYMENT') as paid_amount
    from claims_transactions
    group by CLAIMID

),

covered as (

    select
        claims.Id,
        min(md5(concat_ws('|', payer_transitions.PATIENT, PAYER, START_YEAR))) as coverage_id,
        min(payers.NAME) as payer_name
    from claims
    inner join payer_transitions
        on payer_transitions.PATIENT = claims.PATIENTID
        and payer_transitions.PAYER = claims.PRIMARYPATIENTINSURANCEID
        and claims.SERVICEDATE >= payer_transitions.START_YEAR
        and claims.SERVICEDATE < payer_transitions.END_YEAR
    inner join payers on payers.Id = payer_transitions.PAYER and payers.NAME <> 'NO_INSURANCE'
    group by claims.Id

)

select
    claims.Id as claim_id,
    PATIENTID as patient_id,
    -- Synthea's appointment of a claim is its encounter.
    APPOINTMENTID as encounter_id,
    PROVIDERID as provider_id,
    covered.coverage_id,
    covered.payer_name,
    case HEALTHCARECLAIMTYPEID1
        when '1' then 'professional'
        when '2' then 'institutional'
        else HEALTHCARECLAIMTYPEID1
    end as claim_type,
    'active' as status,
    case STATUS1 when 'CLOSED' then 'complete' when 'BILLED' then 'queued' else STATUS1 end as outcome,
    substr(SERVICEDATE, 1, 10) as service_from,
    LASTBILLEDDATE1 as submitted_at,
    [
        code for code in
        [DIAGNOSIS1, DIAGNOSIS2, DIAGNOSIS3, DIAGNOSIS4, DIAGNOSIS5, DIAGNOSIS6, DIAGNOSIS7, DIAGNOSIS8]
        if code is not null
    ] as diagnosis_codes,
    amounts.billed_amount,
    amounts.paid_amount,
    coalesce(LASTBILLEDDATE1, SERVICEDATE) as updated_at
from claims
left join amounts on amounts.CLAIMID = claims.Id
left join covered on covered.Id = claims.Id

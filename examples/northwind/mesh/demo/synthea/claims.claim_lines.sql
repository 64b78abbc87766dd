-- A line is a charge. Synthea names no code system: it is that of the file in which the code is recorded.
-- Payments and transfers of the same file are no lines.
with codes as (

    select
        CODE,
        max(code_system_uri) as code_system_uri
    from (
        select CODE, 'http://snomed.info/sct' as code_system_uri from procedures
        union all
        select CODE, 'http://snomed.info/sct' as code_system_uri from encounters
        union all
        select CODE, 'http://www.nlm.nih.gov/research/umls/rxnorm' as code_system_uri from medications
        union all
        select CODE, 'http://hl7.org/fhir/sid/cvx' as code_system_uri from immunizations
    )
    group by CODE
    having count(distinct code_system_uri) = 1

)

select
    ID as claim_line_id,
    CLAIMID as claim_id,
    PATIENTID as patient_id,
    row_number() over (partition by CLAIMID order by cast(CHARGEID as bigint)) as line_number,
    PROCEDURECODE as procedure_code,
    codes.code_system_uri as procedure_code_system_uri,
    NOTES as procedure_display,
    substr(FROMDATE, 1, 10) as service_date,
    UNITS as quantity,
    AMOUNT as billed_amount,
    coalesce(TODATE, FROMDATE) as updated_at,
    case
        when codes.code_system_uri is null then 'code of no single known system: ' || coalesce(PROCEDURECODE, 'none')
    end as skip_reason
from claims_transactions
left join codes on codes.CODE = claims_transactions.PROCEDURECODE
where TYPE = 'CHARGE'

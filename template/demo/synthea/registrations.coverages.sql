-- Who owns the insurance says what the patient is to the subscriber. A period without insurance is no coverage.
select
    md5(concat_ws('|', PATIENT, PAYER, START_YEAR)) as coverage_id,
    PATIENT as patient_id,
    MEMBERID as member_id,
    payers.NAME as payer_name,
    case when payers.NAME in ('Medicare', 'Medicaid', 'Dual Eligible') then 'PUBLICPOL' else 'EHCPOL' end as coverage_type,
    case OWNERSHIP when 'Self' then 'self' when 'Spouse' then 'spouse' when 'Guardian' then 'child' else OWNERSHIP end
        as relationship_to_subscriber,
    OWNERNAME as subscriber_name,
    'active' as status,
    1 as priority_rank,
    substr(START_YEAR, 1, 10) as started_date,
    substr(END_YEAR, 1, 10) as ended_date,
    START_YEAR as updated_at,
    case when payers.NAME = 'NO_INSURANCE' then 'period without insurance' end as skip_reason,
    case when SECONDARY_PAYER is not null then 'second payer of a coverage' end as lost
from payer_transitions
left join payers on payers.Id = payer_transitions.PAYER

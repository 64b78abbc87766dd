-- Synthea has up to two reactions, the contract one.
select
    md5(concat_ws('|', PATIENT, CODE, "START")) as allergy_id,
    PATIENT as patient_id,
    ENCOUNTER as encounter_id,
    CODE as code,
    case "SYSTEM"
        when 'SNOMED-CT' then 'http://snomed.info/sct'
        when 'RxNorm' then 'http://www.nlm.nih.gov/research/umls/rxnorm'
    end as code_system_uri,
    DESCRIPTION as display,
    lower(TYPE) as allergy_type,
    lower(CATEGORY) as category,
    case when STOP is null then 'active' else 'inactive' end as clinical_status,
    'confirmed' as verification_status,
    REACTION1 as reaction_code,
    DESCRIPTION1 as reaction,
    lower(SEVERITY1) as reaction_severity,
    "START" as recorded_at,
    coalesce(STOP, "START") as updated_at,
    case when code_system_uri is null then 'unknown code system: ' || coalesce("SYSTEM", 'none') end as skip_reason,
    case when REACTION2 is not null then 'second reaction of an allergy' end as lost
from allergies

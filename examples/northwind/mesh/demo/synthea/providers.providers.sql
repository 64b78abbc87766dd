-- Synthea gives no date with a provider: the export's newest encounter stands for it.
select
    Id as provider_id,
    split_part(NAME, ' ', 1) as given_name,
    substr(NAME, strpos(NAME, ' ') + 1) as family_name,
    case GENDER when 'M' then 'male' when 'F' then 'female' else GENDER end as administrative_gender,
    -- CMS provider specialty codes
    case SPECIALITY
        when 'GENERAL PRACTICE' then '01'
        when 'FAMILY PRACTICE' then '08'
        when 'INTERNAL MEDICINE' then '11'
        when 'PSYCHIATRY' then '26'
        when 'CHIROPRACTIC' then '35'
        when 'OPTOMETRY' then '41'
        when 'NURSE PRACTITIONER' then '50'
        when 'AUDIOLOGIST' then '64'
        when 'PHYSICAL THERAPY' then '65'
        when 'CLINICAL PSYCHOLOGIST' then '68'
        when 'CLINICAL SOCIAL WORKER' then '80'
        when 'EMERGENCY MEDICINE' then '93'
        when 'PHYSICIAN ASSISTANT' then '97'
    end as specialty_code,
    SPECIALITY as specialty,
    ORGANIZATION as organization_id,
    case when specialty_code is null then 'specialty without a CMS code: ' || SPECIALITY end as lost,
    (select max(STOP) from encounters) as updated_at
from providers

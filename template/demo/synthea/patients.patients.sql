-- Synthea has no number but its own; its FHIR export gives the same one as medical record number.
select
    patients.Id as patient_id,
    patients.Id as mrn,
    SSN as ssn,
    FIRST as given_name,
    MIDDLE as middle_name,
    LAST as family_name,
    BIRTHDATE as birth_date,
    DEATHDATE as death_date,
    case GENDER when 'M' then 'male' when 'F' then 'female' else GENDER end as administrative_sex,
    -- CDC race and ethnicity, the categories of the OMB
    case RACE
        when 'native' then '1002-5'
        when 'asian' then '2028-9'
        when 'black' then '2054-5'
        when 'hawaiian' then '2076-8'
        when 'white' then '2106-3'
        when 'other' then '2131-1'
        else RACE
    end as race,
    case ETHNICITY when 'hispanic' then '2135-2' when 'nonhispanic' then '2186-5' else ETHNICITY end as ethnicity,
    MARITAL as marital_status,
    ADDRESS as address_line,
    CITY as city,
    COUNTY as county,
    coalesce(states.code, patients.STATE) as state,
    case when length(ZIP) < 5 then lpad(ZIP, 5, '0') else ZIP end as postal_code,
    coalesce(DEATHDATE, last_encounter.ended_at, BIRTHDATE) as updated_at
from patients
left join states on states.name = patients.STATE
left join (select PATIENT, max(STOP) as ended_at from encounters group by PATIENT) as last_encounter
    on last_encounter.PATIENT = patients.Id

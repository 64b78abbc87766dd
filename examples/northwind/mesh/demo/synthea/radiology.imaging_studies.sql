-- Synthea has a row for each image.
select
    Id as imaging_study_id,
    any_value(PATIENT) as patient_id,
    any_value(ENCOUNTER) as encounter_id,
    min(MODALITY_CODE) as modality,
    min_by(MODALITY_DESCRIPTION, MODALITY_CODE) as modality_display,
    min(PROCEDURE_CODE) as procedure_code,
    min(BODYSITE_CODE) as body_site_code,
    min_by(BODYSITE_DESCRIPTION, BODYSITE_CODE) as body_site,
    'available' as status,
    count(distinct SERIES_UID) as series_count,
    count(distinct INSTANCE_UID) as instance_count,
    min("DATE") as started_at,
    max("DATE") as updated_at,
    case when count(distinct MODALITY_CODE) > 1 then 'second modality of an imaging study' end as lost
from imaging_studies
group by Id

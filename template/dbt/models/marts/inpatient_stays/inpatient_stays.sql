{#
  Readmission follows the all-cause rule of the CMS Hospital Readmissions Reduction Program (42 CFR 412.150 to 412.154)
  and its measure of unplanned readmission: an index admission ends in a discharge alive, to a place that is no other
  acute hospital and not against advice, and is followed for 30 days; the first stay that then begins counts if it was
  not planned, and if it was planned nothing after it counts.

  What CMS reads from claims is approximated here. Planned: CMS has a list of procedures and diagnoses, this is the type
  of the admission. Not applied: the age of 65, enrolment in Medicare, the exclusion of cancer, psychiatric and
  rehabilitation stays, and the merging of same-day stays for one condition.
#}
with admissions as (

    select * from {{ ref('stg_admissions__admissions') }}

),

as_of as (

    {{ as_of_date(['admissions']) }}

),

stays as (

    select
        *,
        cast(admitted_at as date) as admitted_date,
        cast(discharged_at as date) as discharged_date,
        -- Elective, labor and delivery, routine. Deliveries are always planned in CMS's algorithm.
        coalesce(admission_type in ('C', 'L', 'R'), false) as is_planned
    from admissions

),

-- The next stay is the first that begins at or after the discharge, in any hospital. Stays that overlap (a bed held
-- elsewhere, a late correction) are no readmission.
following_stays as (

    select
        stays.admission_id,
        next_stays.admission_id as next_admission_id,
        next_stays.organization_id as next_organization_id,
        next_stays.is_planned as next_is_planned,
        {{ days_between('stays.discharged_date', 'next_stays.admitted_date') }} as days_to_next_admission
    from stays
    inner join stays as next_stays
        on stays.patient_id = next_stays.patient_id
        and stays.discharged_at <= next_stays.admitted_at
        and stays.admission_id <> next_stays.admission_id
    qualify row_number() over (
            partition by stays.admission_id
            order by next_stays.admitted_at, next_stays.admission_id
        ) = 1

),

-- CMS counts who is admitted elsewhere on the day of discharge or the day after as transferred. The outcome then
-- belongs to the hospital that sends the patient home.
stays_with_outcome as (

    select
        stays.*,
        as_of.as_of_date,
        following_stays.next_admission_id,
        following_stays.next_is_planned,
        following_stays.days_to_next_admission,
        coalesce(stays.discharge_disposition = 'other-hcf', false)
        or coalesce(
            following_stays.days_to_next_admission <= 1
            and following_stays.next_organization_id <> stays.organization_id,
            false
        ) as is_transferred_out,
        coalesce(
            {{ days_after('stays.discharged_date', 30) }} <= as_of.as_of_date,
            false
        ) as is_followed_for_30_days
    from stays
    cross join as_of
    left join following_stays on stays.admission_id = following_stays.admission_id

),

-- A birth opens a stay but no illness that could recur, so newborns are no index admissions.
index_admissions as (

    select
        *,
        is_followed_for_30_days
        and not is_transferred_out
        and coalesce(discharge_disposition, 'unknown') not in ('exp', 'aadvice')
        and coalesce(admission_type, 'unknown') <> 'N' as is_index_admission
    from stays_with_outcome

),

readmissions as (

    select
        *,
        case
            when is_index_admission
                then coalesce(days_to_next_admission <= 30 and not next_is_planned, false)
        end as is_readmitted_within_30_days
    from index_admissions

),

final as (

    select
        admission_id,
        patient_id,
        encounter_id,
        organization_id,
        attending_provider_id,
        admission_type,
        admit_source,
        admitted_at,
        discharged_at,
        discharge_disposition,
        drg_code,
        drg_title,
        {{ days_between('admitted_date', 'discharged_date') }} as length_of_stay_midnights,
        -- The day of discharge is no day of care unless it is the day of admission too (Medicare Benefit Policy Manual,
        -- chapter 3, section 20.1).
        case
            when discharged_date = admitted_date then 1
            else {{ days_between('admitted_date', 'discharged_date') }}
        end as length_of_stay_days,
        is_planned,
        is_transferred_out,
        is_index_admission,
        next_admission_id,
        days_to_next_admission,
        is_readmitted_within_30_days as readmitted_within_30_days,
        case when is_readmitted_within_30_days then days_to_next_admission end as days_to_readmission,
        as_of_date
    from readmissions

)

select * from final

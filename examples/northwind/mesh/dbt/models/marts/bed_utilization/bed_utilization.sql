{#
  The midnight census: a bed is occupied on a day if a patient lies in it at the midnight that ends the day. So the day
  of arrival counts and the day of release does not, as in Medicare's count of inpatient days (Medicare Benefit Policy
  Manual, chapter 3, section 20.1).
#}
with admissions as (

    select * from {{ ref('stg_admissions__admissions') }}

),

bed_assignments as (

    select * from {{ ref('stg_admissions__bed_assignments') }}

),

as_of as (

    {{ as_of_date(['admissions', 'bed_assignments']) }}

),

-- An assignment that nobody closed ends with the stay. The midnight of the as-of day is still to come, so the days end
-- with the one before.
assignments as (

    select
        bed_assignments.bed_assignment_id,
        bed_assignments.patient_id,
        bed_assignments.ward,
        bed_assignments.room || '-' || bed_assignments.bed as bed,
        cast(bed_assignments.assigned_at as date) as assigned_date,
        cast(coalesce(bed_assignments.released_at, admissions.discharged_at) as date) as released_date,
        {{ days_after('as_of.as_of_date', -1) }} as last_day
    from bed_assignments
    cross join as_of
    left join admissions on bed_assignments.admission_id = admissions.admission_id

),

wards as (

    select
        ward,
        min(assigned_date) as first_day,
        max(last_day) as last_day,
        count(distinct bed) as known_beds
    from assignments
    group by ward

),

ward_days as (

    select
        ward,
        known_beds,
        cast(series_day as date) as calendar_date
    from {{ date_series('wards', 'first_day', 'last_day') }}

),

assignment_spans as (

    select
        bed_assignment_id,
        patient_id,
        ward,
        bed,
        assigned_date,
        least(coalesce({{ days_after('released_date', -1) }}, last_day), last_day) as last_midnight
    from assignments

),

assignment_midnights as (

    select
        ward,
        patient_id,
        bed,
        cast(series_day as date) as calendar_date
    from {{ date_series('assignment_spans', 'assigned_date', 'last_midnight') }}

),

census as (

    select
        ward,
        calendar_date,
        count(distinct patient_id) as patients,
        count(distinct bed) as occupied_beds
    from assignment_midnights
    group by
        ward,
        calendar_date

),

arrivals as (

    select
        ward,
        assigned_date as calendar_date,
        count(*) as arrivals
    from assignments
    group by
        ward,
        assigned_date

),

releases as (

    select
        ward,
        released_date as calendar_date,
        count(*) as releases
    from assignments
    group by
        ward,
        released_date

),

final as (

    select
        ward_days.ward,
        ward_days.calendar_date,
        coalesce(census.patients, 0) as patients_at_midnight,
        coalesce(census.occupied_beds, 0) as occupied_beds,
        ward_days.known_beds,
        {{ safe_divide('coalesce(census.occupied_beds, 0)', 'ward_days.known_beds') }} as occupancy_ratio,
        coalesce(arrivals.arrivals, 0) as arrivals,
        coalesce(releases.releases, 0) as releases
    from ward_days
    left join census
        on ward_days.ward = census.ward
        and ward_days.calendar_date = census.calendar_date
    left join arrivals
        on ward_days.ward = arrivals.ward
        and ward_days.calendar_date = arrivals.calendar_date
    left join releases
        on ward_days.ward = releases.ward
        and ward_days.calendar_date = releases.calendar_date

)

select * from final

{#
  How much of a provider's booked time was used. A slot that was cancelled can be booked again, so it counts neither as
  booked time nor in the no-show rate. Slots without a provider are left out. Days are UTC.
#}
with appointments as (

    select * from {{ ref('stg_appointments__appointments') }}

),

as_of as (

    {{ as_of_date(['appointments']) }}

),

-- A request or a place on the waiting list holds no slot yet. Days to come have no outcome yet.
slots as (

    select
        appointments.provider_id,
        appointments.status,
        cast(appointments.starts_at as date) as appointment_date,
        {{ minutes_between('appointments.starts_at', 'appointments.ends_at') }} as minutes
    from appointments
    cross join as_of
    where appointments.provider_id is not null
        and appointments.status not in ('proposed', 'pending', 'waitlist', 'entered-in-error')
        and cast(appointments.starts_at as date) <= as_of.as_of_date

),

slots_by_provider_and_day as (

    select
        provider_id,
        appointment_date,
        count(*) as slots,
        cast(sum(case when status = 'fulfilled' then 1 else 0 end) as int64) as completed,
        cast(sum(case when status = 'noshow' then 1 else 0 end) as int64) as no_shows,
        cast(sum(case when status = 'cancelled' then 1 else 0 end) as int64) as cancelled,
        cast(coalesce(sum(case when status <> 'cancelled' then minutes end), 0) as int64) as minutes_booked,
        cast(coalesce(sum(case when status = 'fulfilled' then minutes end), 0) as int64) as minutes_used
    from slots
    group by
        provider_id,
        appointment_date

),

final as (

    select
        provider_id,
        appointment_date,
        slots as booked,
        completed,
        no_shows,
        cancelled,
        minutes_booked,
        minutes_used,
        {{ safe_divide('no_shows', '(slots - cancelled)') }} as no_show_rate,
        {{ safe_divide('minutes_used', 'minutes_booked') }} as utilization_ratio
    from slots_by_provider_and_day

)

select * from final

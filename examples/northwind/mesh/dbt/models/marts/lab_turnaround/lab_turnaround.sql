{#
  Turnaround is counted between the four times that a laboratory records, because each interval has another owner: the
  ward collects, transport delivers, the laboratory results.

  Critical is a screening rule: the laboratory said so, or the value lies outside the reference range by more than the
  width of that range. It is no substitute for the critical values list of your laboratory (42 CFR 493.1291(g)).
#}
with lab_results as (

    select * from {{ ref('stg_labs__lab_results') }}

),

-- What was entered in error or cancelled is no result.
standing_results as (

    select *
    from lab_results
    where status not in ('cancelled', 'entered-in-error')

),

-- A range may be open at one end. Critical needs both, for its width.
interpreted_results as (

    select
        *,
        case
            when value_numeric < reference_low - (reference_high - reference_low) then 'LL'
            when value_numeric > reference_high + (reference_high - reference_low) then 'HH'
            when value_numeric < reference_low then 'L'
            when value_numeric > reference_high then 'H'
            when value_numeric is not null and (reference_low is not null or reference_high is not null) then 'N'
        end as computed_interpretation
    from standing_results

),

-- Only the direction is compared: a laboratory may have its own limits for HH and LL. Interpretations without a
-- direction (positive, susceptible ...) speak of no range and are not compared.
compared_results as (

    select
        *,
        case
            when interpretation in ('H', 'HH') then 'high'
            when interpretation in ('L', 'LL') then 'low'
            when interpretation in ('A', 'AA') then 'abnormal'
            when interpretation = 'N' then 'normal'
        end as reported_direction,
        case
            when computed_interpretation in ('H', 'HH') then 'high'
            when computed_interpretation in ('L', 'LL') then 'low'
            when computed_interpretation = 'N' then 'normal'
        end as computed_direction
    from interpreted_results

),

final as (

    select
        lab_result_id,
        patient_id,
        encounter_id,
        code,
        display,
        status,
        ordered_at,
        collected_at,
        received_at,
        resulted_at,
        {{ minutes_between('ordered_at', 'collected_at') }} as order_to_collect_minutes,
        {{ minutes_between('collected_at', 'received_at') }} as collect_to_receive_minutes,
        {{ minutes_between('received_at', 'resulted_at') }} as receive_to_result_minutes,
        {{ minutes_between('ordered_at', 'resulted_at') }} as order_to_result_minutes,
        value_numeric,
        unit,
        reference_low,
        reference_high,
        interpretation as reported_interpretation,
        computed_interpretation,
        coalesce(computed_direction <> 'normal', reported_direction <> 'normal') as is_abnormal,
        coalesce(interpretation in ('HH', 'LL', 'AA'), false)
        or coalesce(computed_interpretation in ('HH', 'LL'), false) as is_critical,
        case
            when reported_direction = 'abnormal' then computed_direction = 'normal'
            else reported_direction <> computed_direction
        end as interpretation_disagrees
    from compared_results

)

select * from final

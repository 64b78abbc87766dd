{#
  Reconciliation compares what was ordered with what the patient got (Joint Commission, NPSG.03.06.01). Medicines are
  the same when their RxNorm codes are; that a brand and its generic are one therapy is beyond this mart.
#}
with medication_requests as (

    select * from {{ ref('stg_medications__medication_requests') }}

),

dispenses as (

    select * from {{ ref('stg_pharmacy__dispenses') }}

),

as_of as (

    {{ as_of_date(['medication_requests', 'dispenses']) }}

),

-- A proposal or plan authorizes nothing, and neither does an order that was never made final.
orders as (

    select *
    from medication_requests
    where intent in ('order', 'original-order', 'reflex-order', 'filler-order', 'instance-order')
        and status not in ('cancelled', 'draft', 'entered-in-error')

),

orders_by_medication as (

    select
        orders.patient_id,
        orders.code,
        max(orders.display) as display,
        max(orders.authored_at) as last_ordered_at,
        cast(sum(
            case
                when orders.status = 'active'
                    and (orders.ended_at is null or cast(orders.ended_at as date) >= as_of.as_of_date)
                    then 1
                else 0
            end
        ) as int64) as active_orders
    from orders
    cross join as_of
    group by
        orders.patient_id,
        orders.code

),

-- Where the pharmacist substituted another product, the dispense still fills the order: it counts under the medicine
-- that was ordered.
completed_dispenses as (

    select
        dispenses.patient_id,
        case
            when dispenses.is_substituted then coalesce(medication_requests.code, dispenses.code)
            else dispenses.code
        end as code,
        case
            when dispenses.is_substituted then coalesce(medication_requests.display, dispenses.display)
            else dispenses.display
        end as display,
        dispenses.dispensed_at,
        {{ days_after('cast(dispenses.dispensed_at as date)', 'dispenses.days_supply') }} as supplied_until
    from dispenses
    left join medication_requests on dispenses.medication_request_id = medication_requests.medication_request_id
    where dispenses.status = 'completed'

),

dispenses_by_medication as (

    select
        patient_id,
        code,
        max(display) as display,
        count(*) as dispenses,
        max(dispensed_at) as last_dispensed_at,
        max(supplied_until) as supplied_until
    from completed_dispenses
    group by
        patient_id,
        code

),

orders_and_dispenses as (

    select
        coalesce(orders_by_medication.patient_id, dispenses_by_medication.patient_id) as patient_id,
        coalesce(orders_by_medication.code, dispenses_by_medication.code) as code,
        coalesce(orders_by_medication.display, dispenses_by_medication.display) as display,
        orders_by_medication.last_ordered_at,
        coalesce(orders_by_medication.active_orders, 0) as active_orders,
        coalesce(dispenses_by_medication.dispenses, 0) as dispenses,
        dispenses_by_medication.last_dispensed_at,
        dispenses_by_medication.supplied_until
    from orders_by_medication
    full outer join dispenses_by_medication
        on orders_by_medication.patient_id = dispenses_by_medication.patient_id
        and orders_by_medication.code = dispenses_by_medication.code

),

supplies as (

    select
        orders_and_dispenses.*,
        as_of.as_of_date,
        case
            when orders_and_dispenses.supplied_until < as_of.as_of_date then 0
            else {{ days_between('as_of.as_of_date', 'orders_and_dispenses.supplied_until') }}
        end as days_supply_left
    from orders_and_dispenses
    cross join as_of

),

final as (

    select
        patient_id,
        code,
        display,
        active_orders > 0 as is_ordered,
        dispenses > 0 as is_dispensed,
        active_orders,
        -- Two active orders of one medicine are one therapy too many.
        greatest(active_orders - 1, 0) as duplicate_orders,
        last_ordered_at,
        dispenses,
        last_dispensed_at,
        supplied_until,
        days_supply_left,
        -- Without a number of days nobody knows when a supply ends: it then counts as lasting.
        case
            when active_orders > 0 and dispenses = 0 then 'ordered_not_dispensed'
            when active_orders > 0 and days_supply_left = 0 then 'ordered_supply_exhausted'
            when active_orders > 0 then 'ordered_and_dispensed'
            when last_ordered_at is null then 'dispensed_not_ordered'
            when days_supply_left > 0 then 'order_ended_supply_left'
            else 'order_ended'
        end as reconciliation_status,
        as_of_date
    from supplies

)

select * from final

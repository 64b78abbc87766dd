{{
    config(
        unique_key='lab_result_id',
        partition_by=landed_date_partitions(),
    )
}}

with landed as (

    select *
    from {{ landed_files(source('labs', 'lab_results')) }}
    where {{ landed_in_this_run() }}

),

versions as (

    select
        lab_result_id,
        patient_id,
        encounter_id,
        code,
        display,
        {{ landed_value('value_numeric', 'numeric') }} as value_numeric,
        value_text,
        unit,
        {{ landed_value('reference_low', 'numeric') }} as reference_low,
        {{ landed_value('reference_high', 'numeric') }} as reference_high,
        interpretation,
        status,
        specimen_type,
        {{ landed_value('ordered_at', 'timestamp') }} as ordered_at,
        {{ landed_value('collected_at', 'timestamp') }} as collected_at,
        {{ landed_value('received_at', 'timestamp') }} as received_at,
        {{ landed_value('resulted_at', 'timestamp') }} as resulted_at,
        source_system,
        {{ landed_value('updated_at', 'timestamp') }} as updated_at,
        landed_date,
        {{ conversion_defects({
            'value_numeric': 'numeric',
            'reference_low': 'numeric',
            'reference_high': 'numeric',
            'ordered_at': 'timestamp',
            'collected_at': 'timestamp',
            'received_at': 'timestamp',
            'resulted_at': 'timestamp',
            'updated_at': 'timestamp',
        }) }} as conversion_defects,
        {{ row_as_json('landed') }} as landed_row
    from landed

),

latest as (

    select
        lab_result_id,
        patient_id,
        encounter_id,
        code,
        display,
        value_numeric,
        value_text,
        unit,
        reference_low,
        reference_high,
        interpretation,
        status,
        specimen_type,
        ordered_at,
        collected_at,
        received_at,
        resulted_at,
        source_system,
        updated_at,
        landed_date,
        {{ landing_defects('lab_result_id') }} as landing_defects
    from versions
    where {{ is_not_older_than_stored('lab_result_id') }}
    qualify {{ is_latest_version('lab_result_id') }}

)

select * from latest

{#
  Check digits in plain arithmetic that BigQuery and DuckDB share. Both macros take an SQL expression that yields digits.
#}

{# Luhn sum (ISO/IEC 7812-1) of a string of exactly `length` digits, its check digit last. Valid: a multiple of 10. #}
{% macro luhn_sum(digits, length) -%}
    (
    {%- for position in range(1, length + 1) -%}
        {%- set digit = landed_value('substr(' ~ digits ~ ', ' ~ position ~ ', 1)', 'int64') -%}
        {{ ' + ' if not loop.first }}
        {%- if (length - position) % 2 == 1 -%}
            2 * {{ digit }} - case when {{ digit }} > 4 then 9 else 0 end
        {%- else -%}
            {{ digit }}
        {%- endif -%}
    {%- endfor -%}
    )
{%- endmacro %}


{#
  Verhoeff's dihedral check (SNOMED CT Release File Specifications, check digit) of up to `length` digits. Valid: 0.
  Both tables have an eleventh column for the blanks that pad a short code; it leaves the state as it is.
#}
{% macro verhoeff(code, length) -%}
    {%- set multiplication = '01234567890' ~ '12340678951' ~ '23401789562' ~ '34012895673' ~ '40123956784'
        ~ '59876043215' ~ '65987104326' ~ '76598210437' ~ '87659321048' ~ '98765432109' -%}
    {%- set inverse_permutations = [
        '0123456789', '7046913258', '2793806415', '4286573901', '9453126870', '8916043527', '5803796142', '1576283094'
    ] -%}
    {%- set state = namespace(sql='0') -%}
    {%- for position in range(length, 0, -1) -%}
        {%- set character = "substr(lpad(" ~ code ~ ", " ~ length ~ ", ' '), " ~ position ~ ", 1)" -%}
        {%- set permuted = "strpos('" ~ inverse_permutations[loop.index0 % 8] ~ " ', " ~ character ~ ")" -%}
        {%- set state.sql = "cast(substr('" ~ multiplication ~ "', 11 * " ~ state.sql ~ " + " ~ permuted ~ ", 1) as int64)" -%}
    {%- endfor -%}
    {{ state.sql }}
{%- endmacro %}

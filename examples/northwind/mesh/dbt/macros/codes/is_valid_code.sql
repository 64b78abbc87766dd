{#
  A boolean expression that says whether a code is well formed. It proves no meaning: a well-formed code may still be
  none that its publisher has issued.
#}
{% macro is_valid_code(kind, code) -%}
    {%- set shapes = {
        'loinc': '^[0-9]{1,7}-[0-9]$',
        'snomed_ct': '^[1-9][0-9]{2,14}(00|10)[0-9]$',
        'npi': '^[12][0-9]{9}$',
        'icd_10_cm': '^[A-Z][0-9][0-9AB]([.][0-9A-Z]{1,4})?$',
        'rxnorm': '^[1-9][0-9]{0,7}$',
        'cvx': '^[0-9]{2,3}$',
        'ndc': '^([0-9]{11}|[0-9]{5}-[0-9]{4}-[0-9]{2})$',
        'hcpcs': '^[A-V][0-9]{4}$',
        'ms_drg': '^[0-9]{3}$',
    } -%}
    case
        when not {{ matches(code, shapes[kind]) }} then false
        {%- if kind == 'loinc' %}
        when mod({{ luhn_sum("lpad(replace(" ~ code ~ ", '-', ''), 8, '0')", 8) }}, 10) <> 0 then false
        {%- elif kind == 'npi' %}
        {# 80840: the issuer prefix of US health identifiers, 45 CFR 162.406 #}
        when mod({{ luhn_sum("concat('80840', " ~ code ~ ")", 15) }}, 10) <> 0 then false
        {%- elif kind == 'snomed_ct' %}
        when {{ verhoeff(code, 18) }} <> 0 then false
        {%- endif %}
        else true
    end
{%- endmacro %}


{# Canonical URIs as FHIR R4 names them, and the kind of code each has. #}
{% macro code_system_kinds() -%}
    {{ return({
        'http://loinc.org': 'loinc',
        'http://snomed.info/sct': 'snomed_ct',
        'http://hl7.org/fhir/sid/us-npi': 'npi',
        'http://hl7.org/fhir/sid/icd-10-cm': 'icd_10_cm',
        'http://www.nlm.nih.gov/research/umls/rxnorm': 'rxnorm',
        'http://hl7.org/fhir/sid/cvx': 'cvx',
        'http://hl7.org/fhir/sid/ndc': 'ndc',
        'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets': 'hcpcs',
    }) }}
{%- endmacro %}

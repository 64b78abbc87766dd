"""Checks that prove a code without its terminology: by its check digit where it has one, else by its shape.

Every function takes a code and says whether it can be one of its system. A code that passes may still not
exist.
"""

import re
from collections.abc import Callable

# Verhoeff's tables: the multiplication of the dihedral group D5, and the permutation by position.
VERHOEFF_PRODUCT = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
VERHOEFF_PERMUTATION = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(digits: str) -> bool:
    """Whether the last of these decimal digits is the Luhn (modulus 10) check digit of the others."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        product = int(digit) * (1 + position % 2)
        total += product // 10 + product % 10
    return total % 10 == 0


def verhoeff(digits: str) -> bool:
    """Whether the last of these decimal digits is the Verhoeff check digit of the others."""
    state = 0
    for position, digit in enumerate(reversed(digits)):
        state = VERHOEFF_PRODUCT[state][VERHOEFF_PERMUTATION[position % 8][int(digit)]]
    return state == 0


def loinc(code: str) -> bool:
    """A LOINC number: up to seven digits, a hyphen, a modulus 10 check digit."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,6}-[0-9]", code, re.ASCII)) and luhn(code.replace("-", ""))


def snomed_ct(code: str) -> bool:
    """A SNOMED CT concept: 6 to 18 digits, partition 00 or 10 (a concept's), a Verhoeff check digit."""
    return bool(re.fullmatch(r"[1-9][0-9]{2,14}(00|10)[0-9]", code)) and verhoeff(code)


def npi(code: str) -> bool:
    """A National Provider Identifier: ten digits from 1 or 2, with Luhn over the prefix 80840."""
    return bool(re.fullmatch(r"[12][0-9]{9}", code)) and luhn("80840" + code)


def icd_10_cm(code: str) -> bool:
    """A code of ICD-10-CM by its shape: three characters, then up to four behind a point."""
    return bool(re.fullmatch(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?", code))


def rxnorm(code: str) -> bool:
    """An RxNorm concept identifier by its shape: one to eight digits without a leading zero."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,7}", code))


def cvx(code: str) -> bool:
    """A CVX code by its shape: two or three digits, a leading zero only where there are two."""
    return bool(re.fullmatch(r"0[1-9]|[1-9][0-9]{1,2}", code))


def ndc(code: str) -> bool:
    """A National Drug Code by its shape: the eleven digits of the HIPAA form, without hyphens."""
    return bool(re.fullmatch(r"[0-9]{11}", code)) and code != "0" * 11


def hcpcs(code: str) -> bool:
    """A HCPCS Level II code by its shape: a letter from A to V and four digits."""
    return bool(re.fullmatch(r"[A-V][0-9]{4}", code))


def ms_drg(code: str) -> bool:
    """An MS-DRG by its shape: three digits, not all of them zero."""
    return bool(re.fullmatch(r"[0-9]{3}", code)) and code != "000"


CHECKS: dict[str, Callable[[str], bool]] = {
    "loinc": loinc,
    "snomed_ct": snomed_ct,
    "npi": npi,
    "icd_10_cm": icd_10_cm,
    "rxnorm": rxnorm,
    "cvx": cvx,
    "ndc": ndc,
    "hcpcs": hcpcs,
    "ms_drg": ms_drg,
}

CHECK_OF_SYSTEM = {
    "http://loinc.org": "loinc",
    "http://snomed.info/sct": "snomed_ct",
    "http://hl7.org/fhir/sid/us-npi": "npi",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd_10_cm",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://hl7.org/fhir/sid/cvx": "cvx",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "hcpcs",
}


def coding(system: str | None, code: str) -> bool:
    """A code of the system that this URI names; false where the system is not known."""
    check = CHECK_OF_SYSTEM.get(system or "")
    return check is not None and CHECKS[check](code)

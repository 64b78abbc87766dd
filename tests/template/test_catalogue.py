"""The catalogue of domains and code systems obeys its schemas and hangs together."""

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.template import check_digits

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "extensions"
DOMAIN_FILES = sorted((EXTENSIONS / "domains").glob("*.yml"))
CODE_SYSTEM_FILES = sorted((EXTENSIONS / "code_systems").glob("*.yml"))

TEMPORAL = ("date", "timestamp")
NUMERIC = ("integer", "decimal")
IDENTIFYING = ("direct_identifier", "quasi_identifier")
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "decimal": (int, float),
    "boolean": (bool,),
    "date": (str,),
    "timestamp": (str,),
}
# What a generator of values can follow: literals, one of four classes, a count.
PATTERN_PART = r"(?:\[A-Z\]|\[a-z\]|\[0-9\]|\[0-9A-F\]|[A-Za-z0-9 _@:/-])(?:\{[1-9][0-9]?\})?"
SQL_WORDS = {
    "and",
    "between",
    "case",
    "else",
    "end",
    "in",
    "is",
    "not",
    "null",
    "or",
    "substr",
    "then",
    "when",
}


# ------------------------------------------------------------------------------------------------------------
# Reading


class UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses a mapping with the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = sorted({str(key) for key in keys if keys.count(key) > 1})
        if repeated:
            raise yaml.constructor.ConstructorError(None, None, f"repeated keys {repeated}", node.start_mark)
        return dict(super().construct_mapping(node, deep))


def load(path: Path) -> Any:
    """The content of one YAML file; a repeated key is an error."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)


@cache
def domains() -> dict[str, Any]:
    """Every domain by the stem of its file."""
    return {path.stem: load(path) for path in DOMAIN_FILES}


@cache
def code_systems() -> dict[str, Any]:
    """Every code system by the stem of its file."""
    return {path.stem: load(path) for path in CODE_SYSTEM_FILES}


@cache
def validator(schema: str) -> Draft202012Validator:
    """The validator of one of the schemas under extensions/schemas."""
    content = load(EXTENSIONS / "schemas" / schema)
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


@dataclass(frozen=True)
class Entity:
    """One entity of the catalogue, under the name that references use."""

    name: str
    spec: dict[str, Any]

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """The columns by name."""
        return {column["name"]: column for column in self.spec["columns"]}

    @property
    def key(self) -> dict[str, Any]:
        """The column that is the primary key."""
        return next(column for column in self.spec["columns"] if column.get("primary_key"))


@cache
def entities() -> dict[str, Entity]:
    """Every entity by domain.entity."""
    return {
        f"{domain}.{spec['name']}": Entity(f"{domain}.{spec['name']}", spec)
        for domain, content in domains().items()
        for spec in content["entities"]
    }


@cache
def concept_attributes() -> set[str]:
    """What a lookup can read of a concept."""
    schema = load(EXTENSIONS / "schemas" / "code_system.schema.json")
    return set(schema["properties"]["concepts"]["items"]["properties"]) - {"code"}


def columns() -> Iterator[tuple[str, Entity, dict[str, Any]]]:
    """Every column, with the label that a failure shows and its entity."""
    for entity in entities().values():
        for column in entity.spec["columns"]:
            yield f"{entity.name}.{column['name']}", entity, column


def concepts() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every concept, with the label that a failure shows and its code system."""
    for name, system in code_systems().items():
        for concept in system["concepts"]:
            yield f"{name}: {concept['code']}", system, concept


def target(reference: str) -> Entity | None:
    """The entity that a reference means: a domain alone means its first entity."""
    if "." in reference:
        return entities().get(reference)
    if reference in domains():
        return entities()[f"{reference}.{domains()[reference]['entities'][0]['name']}"]
    return None


def type_of(column: dict[str, Any]) -> str:
    """The type of a column: its own, else that of the key it refers to, else string."""
    if "type" in column or "references" not in column:
        return str(column.get("type", "string"))
    referred = target(column["references"])
    return type_of(referred.key) if referred else "string"


def choices_of_domains() -> set[str]:
    """The choices of the question domains, written in copier.yml or in the file that it includes."""
    choices = load(ROOT / "copier.yml")["domains"]["choices"]
    if isinstance(choices, str):
        include = re.search(r"include\s+'([^']+)'", choices)
        assert include, f"the choices of domains are neither a list nor an include: {choices}"
        choices = load(ROOT / include.group(1))
    return set(choices)


def repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once."""
    listed = list(names)
    return sorted({name for name in listed if listed.count(name) > 1})


# ------------------------------------------------------------------------------------------------------------
# Files


@pytest.mark.parametrize("path", DOMAIN_FILES, ids=lambda path: path.stem)
def test_domain_obeys_its_schema(path: Path) -> None:
    schema = validator("domain.schema.json")
    assert not [f"{error.json_path}: {error.message}" for error in schema.iter_errors(load(path))]


@pytest.mark.parametrize("path", CODE_SYSTEM_FILES, ids=lambda path: path.stem)
def test_code_system_obeys_its_schema(path: Path) -> None:
    schema = validator("code_system.schema.json")
    assert not [f"{error.json_path}: {error.message}" for error in schema.iter_errors(load(path))]


@pytest.mark.parametrize("path", DOMAIN_FILES + CODE_SYSTEM_FILES, ids=lambda path: path.stem)
def test_file_bears_the_name_it_holds_and_names_its_schema(path: Path) -> None:
    assert load(path)["name"] == path.stem
    schema = "domain" if path.parent.name == "domains" else "code_system"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../schemas/{schema}.schema.json"


def test_loader_refuses_a_repeated_key() -> None:
    with pytest.raises(yaml.constructor.ConstructorError, match="repeated keys"):
        yaml.load("a: 1\nb: 2\na: 3\n", Loader=UniqueKeyLoader)


def test_the_domains_are_the_choices_of_the_question() -> None:
    assert set(domains()) == choices_of_domains()
    # Append-only: what has been chosen stays.
    assert len(domains()) >= 20


# ------------------------------------------------------------------------------------------------------------
# Entities and columns


def test_names_are_unique_and_free() -> None:
    reserved = set(load(EXTENSIONS / "reserved_words.yml")["identifiers"])
    technical = {column["name"] for column in load(EXTENSIONS / "record_columns.yml")} | {"landing_defects"}
    for domain, content in domains().items():
        assert not repeated(entity["name"] for entity in content["entities"]), domain
    for entity in entities().values():
        names = [column["name"] for column in entity.spec["columns"]]
        assert not repeated(names), entity.name
        assert not {entity.spec["name"], *names} & reserved, entity.name
        assert not set(names) & technical, entity.name


def test_entities_are_described_and_of_sensible_size() -> None:
    for entity in entities().values():
        assert {"description", "grain", "rows_per_patient"} <= set(entity.spec), entity.name
        assert 8 <= len(entity.columns) <= 25, entity.name
    assert sum(entity.spec["rows_per_patient"] for entity in entities().values()) <= 90


def test_every_entity_has_one_key_and_it_is_a_string() -> None:
    for entity in entities().values():
        keys = [column for column in entity.spec["columns"] if column.get("primary_key")]
        assert len(keys) == 1, entity.name
        assert type_of(keys[0]) == "string", entity.name


def test_every_column_is_described_and_classified() -> None:
    for label, _, column in columns():
        assert column.get("description", "").endswith("."), label
        assert "classification" in column, label
        assert ("hipaa_identifier" in column) == (column["classification"] in IDENTIFYING), label


def test_names_and_social_security_numbers_are_hidden() -> None:
    for label, _, column in columns():
        if column.get("hipaa_identifier") in ("names", "social_security_number"):
            assert column.get("masking") == "always_null", label


def test_dates_about_a_patient_are_identifiers() -> None:
    for label, entity, column in columns():
        if type_of(column) in TEMPORAL and "patient_id" in entity.columns:
            assert column.get("hipaa_identifier") == "dates", label


def test_references_resolve_and_have_the_type_of_the_key() -> None:
    for label, _, column in columns():
        if "references" not in column:
            continue
        referred = target(column["references"])
        assert referred, f"{label} refers to {column['references']}, which does not exist"
        assert type_of(column) == type_of(referred.key), label


def test_patient_data_refers_to_its_patient() -> None:
    for entity in entities().values():
        if entity.name.split(".")[0] in ("patients", "providers"):
            continue
        patient = entity.columns.get("patient_id", {})
        assert patient.get("references") == "patients.patients", entity.name
        assert patient.get("required"), entity.name


def test_references_have_no_cycle() -> None:
    graph = {
        entity.name: {column["references"] for column in entity.spec["columns"] if "references" in column}
        for entity in entities().values()
    }
    while graph:
        leaves = {name for name, references in graph.items() if not references & set(graph)}
        assert leaves, f"references go round among {sorted(graph)}"
        graph = {name: references for name, references in graph.items() if name not in leaves}


# ------------------------------------------------------------------------------------------------------------
# Where values come from


def test_free_strings_say_what_they_look_like() -> None:
    sources = ("primary_key", "references", "code_system", "lookup", "transform_logic", "pattern")
    for label, _, column in columns():
        if type_of(column) == "string" and not any(source in column for source in sources):
            assert len(column.get("examples", [])) >= 5, label


def test_numbers_have_a_bound_or_a_source() -> None:
    sources = ("minimum", "maximum", "examples", "lookup", "transform_logic")
    for label, _, column in columns():
        if type_of(column) in NUMERIC:
            assert any(source in column for source in sources), label


def fits(column: dict[str, Any], value: Any) -> bool:
    """Whether a value has the type of the column and keeps to its pattern and bounds."""
    kind = type_of(column)
    if not isinstance(value, PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if kind in TEMPORAL:
        try:
            datetime.datetime.fromisoformat(str(value))
        except ValueError:
            return False
    if "pattern" in column and not re.fullmatch(column["pattern"], str(value)):
        return False
    return bool(column.get("minimum", value) <= value <= column.get("maximum", value))


def test_examples_fit_their_column() -> None:
    for label, _, column in columns():
        for value in column.get("examples", []):
            assert fits(column, value), f"{label}: {value!r}"


def test_bounds_have_the_type_of_the_column_and_their_order() -> None:
    for label, _, column in columns():
        bounds = [column[bound] for bound in ("minimum", "maximum") if bound in column]
        kind = type_of(column)
        assert not bounds or kind in NUMERIC + TEMPORAL, label
        for bound in bounds:
            assert fits({"type": kind}, bound), f"{label}: {bound!r}"
        assert bounds == sorted(bounds), label


def test_patterns_compile_and_are_simple() -> None:
    for label, _, column in columns():
        if "pattern" in column:
            assert type_of(column) == "string", label
            re.compile(column["pattern"])
            assert re.fullmatch(rf"\^(?:{PATTERN_PART})+\$", column["pattern"]), label


def test_after_names_an_earlier_time() -> None:
    for label, entity, column in columns():
        assert "after" in column or "within" not in column, label
        if "after" not in column:
            continue
        assert type_of(column) in TEMPORAL, label
        first, _, second = column["after"].partition(".")
        assert first in entity.columns, f"{label}: no sibling {first}"
        if not second:
            assert type_of(entity.columns[first]) == type_of(column), f"{label}: compared with another type"
            continue
        assert "references" in entity.columns[first], f"{label}: {first} refers to nothing"
        parent = target(entity.columns[first]["references"])
        assert parent, f"{label}: the parent of {first} does not exist"
        assert second in parent.columns, f"{label}: no column {second} in {parent.name}"
        assert type_of(parent.columns[second]) in TEMPORAL, label


def test_after_never_goes_round() -> None:
    for label, entity, column in columns():
        seen = {column["name"]}
        step = column.get("after")
        while step in entity.columns:
            assert step not in seen, label
            seen.add(step)
            step = entity.columns[step].get("after")


def test_transform_logic_reads_siblings_only() -> None:
    for label, entity, column in columns():
        if "transform_logic" not in column:
            continue
        sql = re.sub(r"'[^']*'", "''", column["transform_logic"])
        assert "::" not in sql, label
        names = set(re.findall(r"[a-z_][a-z0-9_]*", sql, re.IGNORECASE)) - SQL_WORDS
        assert names, f"{label} is derived from nothing"
        unknown = names - (set(entity.columns) - {column["name"]})
        assert not unknown, f"{label}: {sorted(unknown)}"
        derived = {name for name in names if "transform_logic" in entity.columns[name]}
        assert not derived, f"{label}: {sorted(derived)} are derived in the same select"


# ------------------------------------------------------------------------------------------------------------
# Code systems


def test_code_systems_exist_and_are_used() -> None:
    used = {column["code_system"] for _, _, column in columns() if "code_system" in column}
    assert used == set(code_systems())


def test_codes_are_unique_and_said_where_from() -> None:
    for name, system in code_systems().items():
        assert not repeated(concept["code"] for concept in system["concepts"]), name
        assert system["source"].strip(), name
        assert system.get("licence", "").strip(), name
        assert system["concepts"] or (system["binding"] == "example" and "check" in system), name


def test_typical_codes_are_in_the_code_system() -> None:
    for where, _, column in columns():
        if "typical" in column:
            codes = {concept["code"] for concept in code_systems()[column["code_system"]]["concepts"]}
            assert set(column["typical"]) <= codes, where


def test_codes_pass_their_check() -> None:
    for label, system, concept in concepts():
        check = system.get("check")
        if check == "coding":
            assert check_digits.coding(concept.get("system"), concept["code"]), label
        elif check:
            assert check_digits.CHECKS[check](concept["code"]), label


def test_ranges_have_their_order() -> None:
    for label, _, concept in concepts():
        assert ("low" in concept) == ("high" in concept), label
        assert concept.get("low", 0) < concept.get("high", 1) or "low" not in concept, label


def test_codes_of_several_systems_say_which() -> None:
    for label, entity, column in columns():
        several = code_systems().get(column.get("code_system", ""), {}).get("check") == "coding"
        if several and type_of(column) != "array":
            assert "system_column" in column, label
        if "system_column" in column:
            assert several, label
            sibling = entity.columns.get(column["system_column"], {})
            assert sibling.get("lookup") == f"{column['name']}.system", label
            assert sibling.get("required"), label


def test_lookups_name_what_every_concept_has() -> None:
    for label, entity, column in columns():
        if "lookup" not in column:
            continue
        sibling, attribute = column["lookup"].split(".")
        system = code_systems().get(entity.columns.get(sibling, {}).get("code_system", ""))
        assert system, f"{label}: {sibling} is no coded sibling"
        wanted = ("low", "high") if attribute == "range" else (attribute,)
        assert set(wanted) <= concept_attributes(), label
        assert (attribute in ("range", "low", "high")) == (type_of(column) in NUMERIC), label
        for concept in system["concepts"]:
            assert set(wanted) <= set(concept), f"{label}: {concept['code']} has no {attribute}"


# ------------------------------------------------------------------------------------------------------------
# The checks themselves

KNOWN = {
    "loinc": ["2339-0", "8302-2", "38483-4", "72166-2", "4548-4"],
    "snomed_ct": ["22298006", "73211009", "404684003", "442571000124108", "124171000119105"],
    "npi": ["1234567893", "1245319599"],
    "icd_10_cm": ["I10", "E11.9", "S93.401A", "C4A.0", "Z3A.20", "U07.1"],
    "rxnorm": ["1191", "314076", "2123111"],
    "cvx": ["03", "08", "20", "140", "213"],
    "ndc": ["00338004904", "68180098001"],
    "hcpcs": ["G0008", "J1885", "A0428"],
    "ms_drg": ["001", "064", "470", "998"],
}
CORRUPTED = {
    "loinc": ["2339-1", "8320-2", "38483-5", "QALY", "2339", "2339-00", "", "2339-0\n"],
    "snomed_ct": [
        "22298007",
        "22289006",
        "10939881000119104",
        "73211",
        "0022298006",
        "73211019",
        "22298006x",
    ],
    "npi": ["1234567890", "1234567983", "123456789", "3234567893", "12345678933"],
    "icd_10_cm": ["I1", "E119", "e11.9", "11.9", "E11.", "E11.12345", "I10\n"],
    "rxnorm": ["0", "01191", "123456789", "12a", ""],
    "cvx": ["3", "00", "008", "1400", "ab"],
    "ndc": ["0", "0338-0049-04", "0033800490", "00000000000", "003380049041"],
    "hcpcs": ["99213", "W0008", "G008", "g0008", "G00080"],
    "ms_drg": ["000", "47", "4700", "47A"],
}


@pytest.mark.parametrize("name", sorted(check_digits.CHECKS))
def test_check_accepts_known_codes_and_refuses_corrupted_ones(name: str) -> None:
    check: Callable[[str], bool] = check_digits.CHECKS[name]
    assert [code for code in KNOWN[name] if not check(code)] == []
    assert [code for code in CORRUPTED[name] if check(code)] == []


def test_schema_and_checks_name_the_same_checks() -> None:
    schema = load(EXTENSIONS / "schemas" / "code_system.schema.json")
    assert set(schema["properties"]["check"]["enum"]) == set(check_digits.CHECKS) | {"coding"}


def substitutions(code: str) -> Iterator[str]:
    """Every code that differs from this one in a single digit."""
    for position, character in enumerate(code):
        for digit in "0123456789":
            if character.isdigit() and digit != character:
                yield code[:position] + digit + code[position + 1 :]


@pytest.mark.parametrize("name", ["loinc", "snomed_ct", "npi"])
def test_check_digit_finds_every_wrong_digit(name: str) -> None:
    check = check_digits.CHECKS[name]
    listed = [concept["code"] for _, system, concept in concepts() if system.get("check") == name]
    assert [wrong for code in KNOWN[name] + listed for wrong in substitutions(code) if check(wrong)] == []


def test_verhoeff_finds_every_transposition_of_neighbours() -> None:
    for code in KNOWN["snomed_ct"]:
        for left in range(len(code) - 1):
            swapped = code[:left] + code[left + 1] + code[left] + code[left + 2 :]
            assert swapped == code or not check_digits.verhoeff(swapped), swapped


def test_coding_goes_by_the_system() -> None:
    assert check_digits.coding("http://snomed.info/sct", "22298006")
    assert check_digits.coding("http://hl7.org/fhir/sid/icd-10-cm", "I10")
    assert not check_digits.coding("http://hl7.org/fhir/sid/icd-10-cm", "22298006")
    assert not check_digits.coding("http://example.org/unknown", "I10")
    assert not check_digits.coding(None, "I10")

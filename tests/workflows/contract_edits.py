"""Changes of contracts, each with the level it has and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Contract = dict[str, Any]
Edit = Callable[[Contract], object]

CONSUMERS, PRODUCERS, BOTH = "consumers", "producers", "consumers and producers"
WEAKER = "a safeguard: weaker"


@dataclass(frozen=True)
class Case:
    """A change of a contract. told: what is told of it; breaks: whom; before: how the base differs from the example."""

    level: str
    told: str
    edit: Edit
    breaks: str = ""
    domain: str = "labs"
    before: Edit = lambda contract: None


def at(contract: Contract, path: str) -> Contract:
    """A part of a contract: itself (path ''), an entity, or entity.column."""
    if not path:
        return contract
    entity, _, column = path.partition(".")
    part: Contract = named(contract["schema"], entity)
    return named(part["properties"], column) if column else part


def named(parts: list[Contract], name: str, key: str = "name") -> Contract:
    """The one of several parts that has the name."""
    return next(part for part in parts if part[key] == name)


def put(path: str, **values: Any) -> Edit:
    """Set fields; None takes one away."""
    return lambda contract: update(at(contract, path), values)


def update(part: Contract, values: Contract) -> None:
    """Set fields; None takes one away."""
    part.update(values)
    for key in [key for key, value in part.items() if value is None]:
        del part[key]


def custom(path: str, **values: Any) -> Edit:
    """Set custom properties of an entity or a column; None takes one away."""

    def edit(contract: Contract) -> None:
        part = at(contract, path)
        held = {item["property"]: item for item in part.get("customProperties", [])}
        for name, value in values.items():
            held[name] = held.get(name, {"property": name}) | {"value": value}
        part["customProperties"] = [item for item in held.values() if item["value"] is not None]

    return edit


def drop(path: str) -> Edit:
    """Take an entity or a column away."""

    def edit(contract: Contract) -> None:
        entity, _, column = path.partition(".")
        (at(contract, entity)["properties"] if column else contract["schema"]).remove(at(contract, path))

    return edit


def add(entity: str, **values: Any) -> Edit:
    """Add a column at the end."""
    column = {"name": "note", "logicalType": "string", "physicalType": "STRING", "classification": "sensitive"}
    return lambda contract: at(contract, entity)["properties"].append(column | values)


def turned(entity: str) -> Edit:
    """Exchange the second and the third column."""

    def edit(contract: Contract) -> None:
        columns = at(contract, entity)["properties"]
        columns[1:3] = [columns[2], columns[1]]

    return edit


def server(name: str, **values: Any) -> Edit:
    """Set fields of a server."""
    return lambda contract: update(named(contract["servers"], name, "server"), values)


def service_level(name: str, **values: Any) -> Edit:
    """Set fields of a service level."""
    return lambda contract: update(named(contract["slaProperties"], name, "property"), values)


def role(number: int, **values: Any) -> Edit:
    """Set fields of a role."""
    return lambda contract: update(contract["roles"][number], values)


def struct(*fields: tuple[str, str], **values: Any) -> Edit:
    """Make lab_results.unit a struct of fields, with further values in each."""
    return put(
        UNIT,
        logicalType="object",
        physicalType=f"STRUCT<{', '.join(f'{name} {kind}' for name, kind in fields)}>",
        properties=[{"name": name, "logicalType": "string", "physicalType": kind} | values for name, kind in fields],
    )


def files_of(format: str) -> Edit:
    """Land in another format."""

    def edit(contract: Contract) -> None:
        for one in contract["servers"]:
            if "format" in one:
                one["format"] = format

    return edit


def values_of(path: str) -> Callable[[Contract], list[Any]]:
    """The accepted values of a column."""

    def values(contract: Contract) -> list[Any]:
        found: list[Any] = at(contract, path)["quality"][0]["arguments"]["validValues"]
        return found

    return values


LANDING, WAREHOUSE = "prod-us-east-1-landing", "prod-us-east-1-warehouse"
RESULTS, UNIT, CODE, TEXT = "lab_results", "lab_results.unit", "lab_results.code", "lab_results.value_text"
KEY, PATIENT, DAY = "lab_results.lab_result_id", "lab_results.patient_id", "lab_results.landed_date"
MRN, SSN, SEX = "patients.mrn", "patients.ssn", "patients.administrative_sex"
BORN, DIED, CODES = "patients.birth_date", "patients.death_date", "claims.diagnosis_codes"
sexes = values_of(SEX)
NAMED = {KEY, PATIENT, DAY, UNIT, CODE, TEXT, MRN, SSN, SEX, BORN, DIED, CODES, "lab_results.display", "diagnoses.code"}
PEOPLE = "people.odcs.yaml#/schema/people/properties/patient_id"
SCORES = {"metric": "nullValues", "mustBe": 0}
TAGGED = "was direct_identifier_always_null, is"

BREAKING = {
    # Entities and columns.
    "column removed": (f"{UNIT} column: was STRING, is absent", drop(UNIT), CONSUMERS),
    "column renamed": (f"{RESULTS}.measure name: was unit, is measure", put(UNIT, name="measure"), BOTH),
    "column renamed with its id": (f"{UNIT} column: was STRING", put(UNIT, name="x", id="x"), CONSUMERS),
    "id of a column": (f"{UNIT} id: was unit, is x", put(UNIT, id="x"), CONSUMERS),
    "entity renamed": ("results name: was lab_results, is results", put(RESULTS, name="results"), BOTH),
    "kind of an entity": (f"{RESULTS} physicalType: was table, is view", put(RESULTS, physicalType="view"), BOTH),
    "logical type": (f"{UNIT} logicalType: was string, is date", put(UNIT, logicalType="date"), BOTH),
    "physical type": (f"{UNIT} physicalType: was STRING, is BYTES", put(UNIT, physicalType="BYTES"), BOTH),
    "name in files": (f"{UNIT} physicalName: was unit, is UNIT", put(UNIT, physicalName="UNIT"), PRODUCERS),
    "name of files": (f"{RESULTS} physicalName: was lab_results, is x", put(RESULTS, physicalName="x"), PRODUCERS),
    "required column": (f"{RESULTS}.note column: was absent", add(RESULTS, required=True), PRODUCERS),
    "key column": ("column: was absent, is STRING, primaryKey, required", add(RESULTS, primaryKey=True), BOTH),
    "partition column": (f"{RESULTS}.note column: was absent", add(RESULTS, partitioned=True), BOTH),
    "primary key": (f"{KEY} primaryKey: was true, is false", put(KEY, primaryKey=None), BOTH),
    "another primary key": (f"{UNIT} primaryKey: was false, is true", put(UNIT, primaryKey=True), BOTH),
    "place in the key": (f"{KEY} primaryKeyPosition: was 1, is 2", put(KEY, primaryKeyPosition=2), BOTH),
    "no longer required": (f"{CODE} required: was true, is false", put(CODE, required=None), CONSUMERS),
    "required from now on": (f"{UNIT} required: was false, is true", put(UNIT, required=True), PRODUCERS),
    "unique from now on": (f"{UNIT} unique: was false, is true", put(UNIT, unique=True), PRODUCERS),
    "partition": (f"{DAY} partitioned: was true, is false", put(DAY, partitioned=None), BOTH),
    "derivation": (f"{UNIT} transformLogic: was absent, is 'g'", put(UNIT, transformLogic="'g'"), BOTH),
    # Safeguards.
    "class weaker": (f"{TEXT} classification: was sensitive, is none", put(TEXT, classification="none"), WEAKER),
    "class gone": (f"{TEXT} classification: was sensitive, is absent", put(TEXT, classification=None), WEAKER),
    "class unknown": (f"{TEXT} classification: was sensitive, is open", put(TEXT, classification="open"), WEAKER),
    "tag gone": (f"{TEXT} policyTag: was sensitive, is absent", custom(TEXT, policyTag=None), WEAKER),
    "tag unknown": (f"{TEXT} policyTag: was sensitive, is open", custom(TEXT, policyTag="open"), WEAKER),
    "retention": ("service level retention: was 2192 d, is 2191 d", service_level("retention", value=2191), WEAKER),
    "retention in years": ("was 2192 d, is 6 y", service_level("retention", value=6, unit="y"), WEAKER),
    "retention in other units": ("is 9999 moons", service_level("retention", value=9999, unit="moons"), WEAKER),
    "retention gone": ("was 2192 d, is absent", lambda contract: contract["slaProperties"].pop(), WEAKER),
    "approval gone": ("secondLevelApprovers: was privacy", role(0, secondLevelApprovers=None), WEAKER),
    "more than reading": ("access: was read, is write", role(0, access="write"), "a safeguard"),
    # What values mean, and which are in order.
    "code system": (f"{CODE} codeSystem: was loinc_laboratory, is x", custom(CODE, codeSystem="x"), BOTH),
    "code system gone": (f"{CODE} codeSystem: was loinc_laboratory", custom(CODE, codeSystem=None), BOTH),
    "code system from now on": (f"{UNIT} codeSystem: was absent, is ucum", custom(UNIT, codeSystem="ucum"), PRODUCERS),
    "address of a code system": (
        f"{CODE} authoritativeDefinitions: was",
        lambda contract: at(contract, CODE)["authoritativeDefinitions"][0].update(url="http://x.example"),
        BOTH,
    ),
    "lookup": (
        f"{RESULTS}.display lookup: was code.display, is code.unit",
        custom("lab_results.display", lookup="code.unit"),
        BOTH,
    ),
    "relation": (f"is {PEOPLE}", put(PATIENT, relationships=[{"type": "foreignKey", "to": PEOPLE}]), BOTH),
    "relation gone": (f"{PATIENT} relationships: was", put(PATIENT, relationships=None), CONSUMERS),
    "quality rule": (f"{UNIT} quality nullValues: was absent", put(UNIT, quality=[SCORES]), PRODUCERS),
    "quality rule stricter": (
        f"{RESULTS} quality rowCount mustBeGreaterThan: was 0, is 9",
        lambda contract: at(contract, RESULTS)["quality"][0].update(mustBeGreaterThan=9),
        PRODUCERS,
    ),
    # Where data are, and what they are part of.
    "location": (f"server {LANDING} location: was", server(LANDING, location="s3://x/"), PRODUCERS),
    "format": (f"server {LANDING} format: was parquet, is csv", files_of("csv"), PRODUCERS),
    "dataset": (f"server {WAREHOUSE} dataset: was labs__us_east4, is x", server(WAREHOUSE, dataset="x"), CONSUMERS),
    "server gone": (f"server {LANDING} server: was", server(LANDING, server="x"), PRODUCERS),
    "domain": ("domain: was labs, is laboratory", put("", domain="laboratory"), BOTH),
    "retired": ("status: was active, is retired", put("", status="retired"), BOTH),
    "withdrawn": ("status: was active, is draft", put("", status="draft"), CONSUMERS),
    "role gone": ("role: was read, is absent", lambda contract: contract["roles"].pop(), CONSUMERS),
    "next standard": ("apiVersion: was v3.1.0, is v4.0.0", put("", apiVersion="v4.0.0"), BOTH),
    "id": ("id: was ", put("", id="x"), BOTH),
}
BREAKING_PATIENTS = {
    "no longer unique": (f"{MRN} unique: was true, is false", put(MRN, unique=False), CONSUMERS),
    "mask weaker": (f"{SSN} masking: was always_null, is sha256", custom(SSN, masking="sha256"), WEAKER),
    "mask of another part": (f"{MRN} masking: was sha256, is email", custom(MRN, masking="email_mask"), WEAKER),
    "mask gone": (f"{MRN} masking: was sha256, is absent", custom(MRN, masking=None), WEAKER),
    "mask unknown": (f"{MRN} masking: was sha256, is rot13", custom(MRN, masking="rot13"), WEAKER),
    "tag weaker": (f"{TAGGED} direct_identifier_sha256", custom(SSN, policyTag="direct_identifier_sha256"), WEAKER),
    "tag of a lower class": (f"{TAGGED} sensitive_always_null", custom(SSN, policyTag="sensitive_always_null"), WEAKER),
    "tag of another part": (
        f"{MRN} policyTag: was direct_identifier_sha256, is direct_identifier_email_mask",
        custom(MRN, policyTag="direct_identifier_email_mask"),
        WEAKER,
    ),
    "no identifier": (f"{MRN} hipaaIdentifier: was medical_record", custom(MRN, hipaaIdentifier=None), WEAKER),
    "pattern": (f"{SSN} pattern: was", put(SSN, logicalTypeOptions={"pattern": "^9.*$"}), PRODUCERS),
    "bound": (f"{BORN} minimum: was 1910", put(BORN, logicalTypeOptions={"minimum": "1920-01-01"}), PRODUCERS),
    "bound of another type": (f"{BORN} minimum: was 1910", put(BORN, logicalTypeOptions={"minimum": 5}), PRODUCERS),
    "order of times": (f"{BORN} after: was absent, is updated_at", custom(BORN, after="updated_at"), PRODUCERS),
    "accepted value gone": (
        f'{SEX} accepted values: was ["male"], is absent',
        lambda contract: sexes(contract).remove("male"),
        PRODUCERS,
    ),
}
ADDITIVE = {
    "relation from now on": (f"was absent, is {PEOPLE}", put(UNIT, relationships=[{"to": PEOPLE}])),
    "entity": ("more entity: was absent", lambda contract: contract["schema"].append({"name": "more"})),
    "optional column": (f"{RESULTS}.note column: was absent, is STRING", add(RESULTS)),
    "class stronger": (f"{TEXT} classification: was sensitive", put(TEXT, classification="direct_identifier")),
    "tag stronger": (f"{TEXT} policyTag: was sensitive", custom(TEXT, policyTag="quasi_identifier_always_null")),
    "tag from now on": (f"{UNIT} policyTag: was absent, is sensitive", custom(UNIT, policyTag="sensitive")),
    "identifier from now on": (f"{UNIT} hipaaIdentifier: was absent", custom(UNIT, hipaaIdentifier="names")),
    "longer retention": ("retention: was 2192 d, is 7 y", service_level("retention", value=7, unit="y")),
    "quality rule less": (f"{RESULTS} quality rowCount: was", put(RESULTS, quality=None)),
    "server": (
        "server more server: was absent, is s3://x",
        lambda contract: contract["servers"].append({"server": "more", "type": "s3", "location": "s3://x"}),
    ),
    "role": (
        "role auditors role: was absent",
        lambda contract: contract["roles"].append({"role": "auditors", "access": "read"}),
    ),
    "deprecated": ("status: was active, is deprecated", put("", status="deprecated")),
}
ADDITIVE_PATIENTS = {
    "mask stronger": (f"{MRN} masking: was sha256, is always_null", custom(MRN, masking="always_null")),
    "pattern less": (f"{SSN} pattern: was", put(SSN, logicalTypeOptions=None)),
    "wider bound": (f"{BORN} minimum: was", put(BORN, logicalTypeOptions={"minimum": "1900-01-01"})),
    "order of times less": (f"{DIED} after: was birth_date, is absent", custom(DIED, after=None)),
    "accepted value": (
        f'{SEX} accepted values: was absent, is ["x"]',
        lambda contract: sexes(contract).append("x"),
    ),
}
TEXTS = {
    "title of a code system": (
        f"{CODE} authoritativeDefinitions[0].description: was",
        lambda contract: at(contract, CODE)["authoritativeDefinitions"][0].update(description="x"),
    ),
    "quality in words": (f"{UNIT} quality Fit.", put(UNIT, quality=[{"type": "text", "description": "Fit."}])),
    "words of a quality rule": (
        f"{RESULTS} quality rowCount description: was",
        lambda contract: at(contract, RESULTS)["quality"][0].update(description="x"),
    ),
    "words of a server": (f"server {LANDING} description: was", server(LANDING, description="x")),
    "another approver": ("firstLevelApprovers: was", role(0, firstLevelApprovers="x")),
    "purpose": ("description.purpose: was", lambda contract: contract["description"].update(purpose="x")),
    "owner": (
        "team.members[0].username: was laboratory-medicine@northwind.example, is x",
        lambda contract: contract["team"]["members"][0].update(username="x"),
    ),
    "support": ("support[0].tool: was email, is x", lambda contract: contract["support"][0].update(tool="x")),
    "freshness": ("lab_results.landed_date.value: was 50, is 99", service_level("freshness", value=99)),
    "words of retention": ("retention.description: was", service_level("retention", description="x")),
    "words of an entity": (f"{RESULTS} description: was", put(RESULTS, description="x")),
    "grain of an entity": (f"{RESULTS} dataGranularityDescription", put(RESULTS, dataGranularityDescription="x")),
    "words of a column": (f"{UNIT} description: was", put(UNIT, description="x")),
    "examples": (f"{UNIT} examples: was absent", put(UNIT, examples=["x"])),
}
OTHERS = {
    "order of columns": (f"{RESULTS} order of columns: was", turned(RESULTS)),
    "landing zone of the demo": ("server local path: was", server("local", path="x")),
    "minor version of the standard": ("apiVersion: was v3.1.0, is v3.2.0", put("", apiVersion="v3.2.0")),
    "share of values": (f"{UNIT} completeness: was", custom(UNIT, completeness=0.123)),
    "rows per patient": (f"{RESULTS} rowsPerPatient: was 8, is 9", custom(RESULTS, rowsPerPatient=9)),
    "field of the contract": ("extra: was absent, is 1", put("", extra=1)),
    "field of an entity": (f"{RESULTS} extra: was absent, is 1", put(RESULTS, extra=1)),
    "field of a column": (f"{UNIT} extra: was absent, is 1", put(UNIT, extra=1)),
    "property of a column": (f"{UNIT} extra: was absent, is 1", custom(UNIT, extra=1)),
    "option of a column": (f"{UNIT} extra: was absent, is 1", put(UNIT, logicalTypeOptions={"extra": 1})),
    "field of a server": (f"server {LANDING} extra: was absent, is 1", server(LANDING, extra=1)),
    "field of a role": ("extra: was absent, is 1", role(0, extra=1)),
}

CODED, PAIR = ("code", "STRING"), (("code", "STRING"), ("system", "STRING"))
CASES = {
    **{name: Case("breaking", told, edit, breaks) for name, (told, edit, breaks) in BREAKING.items()},
    **{name: Case("breaking", *case, domain="patients") for name, case in BREAKING_PATIENTS.items()},
    **{name: Case("additive", *case) for name, case in ADDITIVE.items()},
    **{name: Case("additive", *case, domain="patients") for name, case in ADDITIVE_PATIENTS.items()},
    **{name: Case("text", *case) for name, case in TEXTS.items()},
    **{name: Case("other", *case) for name, case in OTHERS.items()},
    "mask as strong": Case(
        "other",
        f"{SSN} masking: was always_null, is default_masking_value",
        custom(SSN, masking="default_masking_value"),
        domain="patients",
    ),
    "entity removed": Case("breaking", "administrations entity: was", drop("administrations"), BOTH, domain="pharmacy"),
    "column of the code system": Case(
        "breaking",
        "diagnoses.code systemColumn: was code_system_uri, is x",
        custom("diagnoses.code", systemColumn="x"),
        BOTH,
        domain="diagnoses",
    ),
    "items of an array": Case(
        "breaking",
        f"{CODES}[] logicalType: was string, is date",
        lambda contract: at(contract, CODES)["items"].update(logicalType="date"),
        BOTH,
        domain="claims",
    ),
    "no items": Case("breaking", f"{CODES} items: was", put(CODES, items=None), BOTH, domain="claims"),
    "unit": Case(
        "breaking", f"{TEXT} unit: was mL, is L", custom(TEXT, unit="L"), BOTH, before=custom(TEXT, unit="mL")
    ),
    "upper bound": Case(
        "breaking",
        f"{UNIT} maxLength: was 20, is 10",
        put(UNIT, logicalTypeOptions={"maxLength": 10}),
        PRODUCERS,
        before=put(UNIT, logicalTypeOptions={"maxLength": 20}),
    ),
    # Files of this format are read by position.
    "optional column in CSV": Case(
        "breaking", f"{RESULTS}.note column: was absent", add(RESULTS), PRODUCERS, before=files_of("csv")
    ),
    "column removed from CSV": Case(
        "breaking", f"{UNIT} column: was STRING, is absent", drop(UNIT), BOTH, before=files_of("csv")
    ),
    "order of columns in CSV": Case(
        "breaking", f"{RESULTS} order of columns: was", turned(RESULTS), PRODUCERS, before=files_of("csv")
    ),
    "field of a struct": Case(
        "additive", f"{UNIT}.system column: was absent, is STRING", struct(*PAIR), before=struct(CODED)
    ),
    "field of a struct removed": Case(
        "breaking", f"{UNIT}.system column: was STRING, is absent", struct(CODED), CONSUMERS, before=struct(*PAIR)
    ),
    "field of a struct retyped": Case(
        "breaking",
        f"{UNIT}.code physicalType: was STRING, is INT64",
        struct(("code", "INT64")),
        BOTH,
        before=struct(CODED),
    ),
    "order of a struct": Case(
        "breaking",
        f"{UNIT} physicalType: was STRUCT<code STRING, system STRING>",
        struct(*reversed(PAIR)),
        BOTH,
        before=struct(*PAIR),
    ),
    "class of a field weaker": Case(
        "breaking",
        f"{UNIT}.code classification: was sensitive, is none",
        struct(CODED, classification="none"),
        WEAKER,
        before=struct(CODED, classification="sensitive"),
    ),
    "active": Case("other", "status: was draft, is active", put("", status="active"), before=put("", status="draft")),
}

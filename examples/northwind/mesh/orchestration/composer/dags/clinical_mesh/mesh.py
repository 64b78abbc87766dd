"""The mesh as far as the DAGs must know it to be parsed: names, owners and what depends on what.

Columns, formats and service levels stand in the contracts, which tasks read when they run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clinical_mesh.airflow_versions import Asset

MESH = "northwind"


@dataclass(frozen=True)
class Cell:
    """A region with everything that its data needs. The home cell's variables and dbt targets bear no region."""

    id: str
    omni_location: str
    bigquery_region: str
    home: bool = False

    @property
    def landing_id(self) -> str:
        """Omni location as it stands in ids of datasets."""
        return self.omni_location.replace("-", "_")

    @property
    def curated_id(self) -> str:
        """BigQuery region as it stands in ids of datasets."""
        return self.bigquery_region.replace("-", "_")

    def variable(self, name: str) -> str:
        """Name of an Airflow variable as it holds for this cell."""
        return name if self.home else f"{name}_{self.id.upper()}"

    def target(self, environment: str) -> str:
        """dbt's target for this cell."""
        return environment if self.home else f"{environment}_{self.id}"


@dataclass(frozen=True)
class Domain:
    """A clinical domain. depends_on: the domains that its tests read."""

    owner: str
    entities: list[str]
    depends_on: list[str]


CELLS = [
    Cell(id="us_east_1", omni_location="aws-us-east-1", bigquery_region="us-east4", home=True),
]

DOMAINS = {
    "admissions": Domain(
        owner="bed-management",
        entities=["admissions", "bed_assignments"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "allergies": Domain(
        owner="clinical-safety",
        entities=["allergies"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "appointments": Domain(
        owner="scheduling",
        entities=["appointments"],
        depends_on=["patients", "providers"],
    ),
    "billing": Domain(
        owner="patient-accounting",
        entities=["charges", "payments"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "careplans": Domain(
        owner="care-coordination",
        entities=["careplans"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "claims": Domain(
        owner="revenue-cycle",
        entities=["claims", "claim_lines"],
        depends_on=["encounters", "patients", "providers", "registrations"],
    ),
    "devices": Domain(
        owner="biomedical-engineering",
        entities=["device_uses"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "diagnoses": Domain(
        owner="health-information-management",
        entities=["diagnoses"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "encounters": Domain(
        owner="clinical-operations",
        entities=["encounters"],
        depends_on=["appointments", "patients", "providers"],
    ),
    "immunizations": Domain(
        owner="population-health",
        entities=["immunizations"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "labs": Domain(
        owner="laboratory-medicine",
        entities=["lab_results"],
        depends_on=["encounters", "patients"],
    ),
    "medications": Domain(
        owner="medication-management",
        entities=["medication_requests"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "observations": Domain(
        owner="clinical-informatics",
        entities=["observations"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "patients": Domain(
        owner="patient-identity",
        entities=["patients"],
        depends_on=["providers"],
    ),
    "pharmacy": Domain(
        owner="pharmacy-services",
        entities=["dispenses", "administrations"],
        depends_on=["encounters", "medications", "patients", "providers"],
    ),
    "procedures": Domain(
        owner="perioperative-services",
        entities=["procedures"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "providers": Domain(
        owner="medical-staff-office",
        entities=["providers", "organizations"],
        depends_on=[],
    ),
    "radiology": Domain(
        owner="diagnostic-imaging",
        entities=["imaging_studies", "imaging_reports"],
        depends_on=["encounters", "patients", "providers"],
    ),
    "registrations": Domain(
        owner="patient-access",
        entities=["registrations", "coverages"],
        depends_on=["patients", "providers"],
    ),
    "vitals": Domain(
        owner="nursing-informatics",
        entities=["vital_signs"],
        depends_on=["encounters", "patients", "providers"],
    ),
}

# Mart -> the domains and marts that it reads, these before it.
MARTS: dict[str, list[str]] = {
    "appointment_utilization": ["appointments"],
    "bed_utilization": ["admissions"],
    "encounter_cost": ["billing", "claims", "encounters"],
    "immunization_coverage": ["immunizations", "patients"],
    "inpatient_stays": ["admissions"],
    "lab_turnaround": ["labs"],
    "medication_reconciliation": ["medications", "pharmacy"],
    "patient_360": [
        "admissions",
        "allergies",
        "appointments",
        "billing",
        "careplans",
        "claims",
        "devices",
        "diagnoses",
        "encounters",
        "immunizations",
        "labs",
        "medications",
        "observations",
        "patients",
        "pharmacy",
        "procedures",
        "providers",
        "radiology",
        "registrations",
        "vitals",
    ],
    "patient_360_policy_tag": ["patient_360"],
}

# Nothing is registered there unless its policy tags are known.
PROTECTED_ENVIRONMENTS = ["prod"]


def cell_of(id: str) -> Cell:
    """The cell of that id."""
    return next(cell for cell in CELLS if cell.id == id)


def landing_asset(cell: Cell, domain: str, entity: str) -> Asset:
    """The asset of a landing table.

    Its URI names no project, as a bigquery:// URI must: the DAGs are the same in every environment, and would have to
    read a variable to be parsed. Airflow leaves schemes that begin with x- as they are.
    """
    return Asset(f"x-landing://{cell.omni_location}/{domain}/{entity}")


def curated_asset(cell: Cell, name: str) -> Asset:
    """The asset of a curated domain or of a mart, for DAGs of yours that build on it."""
    return Asset(f"x-curated://{cell.bigquery_region}/{name}")


@cache
def deployment() -> Path:
    """The folder that holds contracts/ and dbt/: that of the DAGs in Composer, the root of the repository elsewhere.

    Raises FileNotFoundError.
    """
    here = Path(__file__).resolve()
    for folder in here.parents:
        if (folder / "dbt" / "dbt_project.yml").exists():
            return folder
    raise FileNotFoundError(f"no dbt/dbt_project.yml in any folder above {here}: deploy dbt/ beside the DAGs")

"""Answers that several tests share."""

from __future__ import annotations

from typing import Any

# What the built meshes hold.
PATIENTS = 60

# Two domains and one of the user's own, with everything that a custom domain can hold.
CUSTOM: dict[str, Any] = {
    "domains": ["patients", "labs"],
    "custom_domains": [
        {
            "name": "genomics",
            "description": "Variants: called, \"annotated\" & 'reviewed' # all of them",
            "freshness": {"warn_after_hours": 200, "error_after_hours": 400},
            "retention_days": 9999,
            "entities": [
                {
                    "name": "variants",
                    "rows_per_patient": 1.5,
                    "columns": [
                        {"name": "variant_number", "type": "integer", "primary_key": True},
                        {
                            "name": "patient_id",
                            "references": "patients",
                            "required": True,
                            "physical_name": "PAT",
                        },
                        {"name": "genes", "type": "array", "items": "string", "examples": ["BRCA1"]},
                        {
                            "name": "position_in_genome",
                            "type": "struct",
                            "fields": [
                                {"name": "chromosome", "type": "string"},
                                {"name": "base", "type": "integer", "description": "1-based"},
                            ],
                        },
                        {"name": "called_on", "type": "date", "minimum": "2020-01-01"},
                        {"name": "allele", "pattern": "^[ACGT]{3}$"},
                        {"name": "result_id", "references": "labs.lab_results"},
                    ],
                }
            ],
        }
    ],
}


def own_domains(number: int) -> list[dict[str, Any]]:
    """Domains of an organization's own, each with an entity of two columns."""
    columns = ["entry_id", {"name": "patient_id", "references": "patients"}]
    return [{"name": f"registry{place:03}", "columns": columns} for place in range(number)]

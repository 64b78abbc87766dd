"""Seeds are written once, for a new domain too, and no update takes from an organization what it wrote there."""

from __future__ import annotations

from tests.update.conftest import Releases
from tests.update.history import next_version
from tests.update.organization import Organization

HERE = next_version()
OWN = {"name": "genomics", "title": "Genomics", "columns": ["variant_id"]}
ANSWERS = {"domains": ["labs"], "environments": ["dev"], "custom_domains": [OWN]}
LABS, PATIENTS, GENOMICS = (f"docs/domains/{domain}.md" for domain in ("labs", "patients", "genomics"))


def written(mesh: Organization, path: str, text: str) -> None:
    """Commit what the owner of a domain writes."""
    (mesh.root / path).write_text(text)
    mesh.commit()


def test_seeds_stay_as_they_were_written_and_new_domains_get_theirs(releases: Releases) -> None:
    mesh = releases.organization(HERE, ANSWERS)
    written(mesh, LABS, "Call the laboratory.\n")
    mesh.update(domains=["labs", "patients"], custom_domains=[OWN | {"title": "Variants"}])
    assert (mesh.root / LABS).read_text() == "Call the laboratory.\n"
    assert (mesh.root / PATIENTS).exists()
    # Written once, whether somebody edited it or not.
    assert (mesh.root / GENOMICS).read_text().startswith("# Genomics\n")
    assert "name: Variants\n" in (mesh.root / "contracts/genomics.odcs.yaml").read_text()
    assert mesh.unmerged() == set()

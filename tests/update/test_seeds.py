"""Seeds are written once, for a new domain too, and no update takes from an organization what it wrote there."""

from __future__ import annotations

from tests.update.conftest import Releases
from tests.update.history import next_version
from tests.update.organization import Organization

HERE = next_version()
ANSWERS = {"domains": ["labs", "vitals"], "environments": ["dev"]}
LABS, PATIENTS, VITALS = (f"docs/domains/{domain}.md" for domain in ("labs", "patients", "vitals"))


def written(mesh: Organization, path: str, text: str) -> None:
    """Commit what the owner of a domain writes."""
    (mesh.root / path).write_text(text)
    mesh.commit()


def test_seeds_stay_as_they_were_written_and_new_domains_get_theirs(releases: Releases) -> None:
    mesh = releases.organization(HERE, ANSWERS)
    written(mesh, LABS, "Call the laboratory.\n")
    mesh.update(domains=["labs", "patients", "vitals"], identity_domain="elsewhere.example")
    assert (mesh.root / LABS).read_text() == "Call the laboratory.\n"
    assert "@elsewhere.example" in (mesh.root / PATIENTS).read_text()
    # Written once, whether somebody edited it or not.
    assert "@elsewhere.example" not in (mesh.root / VITALS).read_text()
    assert "@elsewhere.example" in (mesh.root / "README.md").read_text()
    assert mesh.unmerged() == set()

"""Check digits in SQL agree with check digits in Python, over real codes and corrupted ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.mesh import Mesh
from tests.render import ROOT
from tests.template import check_digits

# Not catalogued: an NPI is a person. The first is the example in the description of its check digit by CMS.
NPI = ["1234567893", "1993999998"]


def real_codes(kind: str) -> list[str]:
    """Every catalogued code of a kind."""
    codes: list[str] = list(NPI) if kind == "npi" else []
    for path in sorted((ROOT / "extensions" / "code_systems").glob("*.yml")):
        code_system = yaml.safe_load(path.read_text())
        if code_system.get("check") == kind:
            codes += [concept["code"] for concept in code_system["concepts"]]
    return codes


def corrupted(code: str) -> str:
    """The code with its last digit wrong."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


@pytest.mark.parametrize("kind", ["loinc", "snomed_ct", "npi"])
def test_check_digits(kind: str, built_northwind: Mesh, tmp_path: Path) -> None:
    good = real_codes(kind)
    assert good
    bad = [corrupted(code) for code in good] + ["", "x", "1-", "123456789012345678901", " 718-7"]
    python: Callable[[str], bool] = getattr(check_digits, kind)
    values = ", ".join(f"({index}, '{code}')" for index, code in enumerate(good + bad))
    sql = (
        f"select position, {{{{ is_valid_code('{kind}', 'code') }}}} as is_valid "
        f"from (values {values}) as codes (position, code) order by position"
    )
    output = built_northwind.dbt(
        "show",
        "--inline",
        sql,
        "--output",
        "json",
        "--limit",
        "-1",
        "--quiet",
        "--target-path",
        str(tmp_path),
    ).stdout
    rows = json.loads(output)["show"]
    verdicts = {(good + bad)[row["position"]]: row["is_valid"] for row in rows}
    assert len(rows) == len(good + bad)
    assert [code for code in good if not verdicts[code]] == []
    assert [code for code in bad if verdicts[code]] == []
    assert verdicts == {code: python(code) for code in verdicts}

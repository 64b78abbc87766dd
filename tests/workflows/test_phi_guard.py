"""The guard finds what it says, passes what only looks so, and never prints what it found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Figure
from tests.examples import EXAMPLES
from tests.workflows.repository import ENVIRONMENT, commit, copied, git, script

SCRIPT = "phi_guard.py"
SSN, MBI, PHONE = "SSN-like value", "Medicare number-like value", "telephone number-like value"
PID, FHIR = "HL7 PID segment", "FHIR Patient with name and birth date"

# Kind, the line it stands on, what stands there and must not be printed.
PLANTED = {
    "hyphens": (SSN, "The number is 123-45-6789.", "123-45-6789"),
    "highest area": (SSN, "899-99-9999", "899-99-9999"),
    "lowest area": (SSN, "001-01-0001", "001-01-0001"),
    "area that was opened in 2011": (SSN, "772-34-5678, 734-12-3456", "772-34-5678"),
    "spaces": (SSN, "x 123 45 6789 y", "123 45 6789"),
    "hyphens of a word processor": (SSN, "123\u201345\u20136789", "123\u201345\u20136789"),
    "old Medicare claim number": (SSN, "HICN 123-45-6789A", "123-45-6789"),
    "name in front": (SSN, '"ssn": "123456789"', "123456789"),
    "name with a prefix": (SSN, "patient_ssn = 123456789", "123456789"),
    "name in camel case": (SSN, "patientSsn: 123456789", "123456789"),
    "name in full": (SSN, "Social Security number 123456789", "123456789"),
    "name behind": (SSN, "select '123456789' as ssn", "123456789"),
    "after a number": (SSN, "41 123-45-6789", "123-45-6789"),
    "Medicare number": (MBI, "beneficiary 1AC2DE3FG45", "1AC2DE3FG45"),
    "Medicare number as on a card": (MBI, "1AC2-DE3-FG45", "1AC2-DE3-FG45"),
    "Medicare number of digits where they may be": (MBI, "9Y07Y00YY00", "9Y07Y00YY00"),
    "Medicare number in lower case": (MBI, "mbi: 1ac2de3fg45", "1ac2de3fg45"),
    "telephone": (PHONE, "212-555-2368", "212-555-2368"),
    "telephone with an area in brackets": (PHONE, "(212) 736-5000", "(212) 736-5000"),
    "telephone with dots": (PHONE, "212.736.5000", "212.736.5000"),
    "telephone with a country": (PHONE, "+1 212 736 5000", "+1 212 736 5000"),
    "telephone as E.164": (PHONE, "tel:+12127365000", "+12127365000"),
    "telephone that is named": (PHONE, "home_phone: 2127365000", "2127365000"),
    "directory assistance": (PHONE, "212-555-1212", "212-555-1212"),
    "first after the reserved": (PHONE, "212-555-0200", "212-555-0200"),
    "last before the reserved": (PHONE, "212-555-0099", "212-555-0099"),
    "PID segment": (PID, "PID|1||PATID1234^5^M11||DOE^JANE||19610615|F", "PATID1234"),
    "PID segment without a number": (PID, "EVN|A01 PID|||PATID1234", "PATID1234"),
    "PID segment in a string": (PID, r'"MSH|^~\\&|A\rPID|1||PATID1234"', "PATID1234"),
    "FHIR": (
        FHIR,
        '{"resourceType": "Patient", "name": [{"family": "Doe"}], "birthDate": "1970-03-01"}',
        "1970-03-01",
    ),
    "FHIR in a string": (
        FHIR,
        r'x = "{\"resourceType\":\"Patient\",\"birthDate\":\"1970-03-01\",\"name\":[{\"family\":\"Doe\"}]}"',
        "1970-03-01",
    ),
    "FHIR in Python": (
        FHIR,
        "{'birthDate': '1970-03-01', 'name': [{'family': 'Doe'}], 'resourceType': 'Patient'}",
        "1970-03-01",
    ),
    "FHIR in a bundle": (
        FHIR,
        '{"entry": [{"resource": {"resourceType": "Patient", "name": [{}], "birthDate": "1970"}}]}',
        '"1970"',
    ),
}
PASSED = {
    "area 000": "000-12-3456",
    "area 666": "666-12-3456",
    "areas from 900": "900-11-2040 999-12-3456",
    "group 00": "123-00-6789",
    "serial 0000": "123-45-0000",
    "numbers from advertisements": "078-05-1120 219-09-9999 ssn 078051120",
    "nine digits": "123456789 is a number, ssn: null, account: 123456789",
    "number beside another word": "lessness 123456789",
    "longer number with hyphens": "1123-45-6789 123-45-67890 7-123-45-6789",
    "numbers in a row": "11 123 45 6789 22 123 45 6789",
    "numbers with dots": "123.45.6789",
    "dates": "2024-01-31 2024-01-31T05:00:00+05:00 19610615 01-31-2024",
    "UUIDs": "123e4567-e89b-12d3-a456-426614174000 12345678-1234-1234-1234-123456789012",
    "LOINC codes": "4548-4 2160-0 88294-4 12345-6",
    "SNOMED, RxNorm, NDC codes": "44054006 314076 00093-1075-01 0777-3105-02",
    "OIDs": "2.16.840.1.113883.6.238 1.2.840.10008.1.2.1",
    "hashes": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "short hashes": "1ac2de3fg45 1a2c3d4e5f6",
    "AWS accounts": "123456789012 arn:aws:iam::212736500012:role/x 1234-5678-9012",
    "provider identifiers": "NPI 1234567893",
    "ten digits": "2127365000",
    "reserved telephones": "555-0100 202-555-0101 (202) 555-0199 +1 202 555 0123 phone: 2025550101",
    "no telephones": "112-736-5000 212-136-5000 212-911-5000 911-736-5000 212-736-50001 1.212.736.5000.1",
    "IP addresses and versions": "10.212.736.5000 192.168.100.200 212.73.5000",
    "specimens of CMS": "1EG4-TE5-MK73 1EG4TE5MK72",
    "letters that Medicare numbers lack": "1SC2DE3FG45 1AC2LE3FG45 1AC2DE3OG45 1AC2DE3FI45 1BC2DE3FG45 1AC2DE3FZ45",
    "digits and letters elsewhere": "0AC2DE3FG45 11C2DE3FG45 1ACCDE3FG45 1AC23E3FG45 1AC2DEEFG45 1AC2DE3F145",
    "Medicare number in a longer code": "X1AC2DE3FG45 1AC2DE3FG456 1AC2-DE3FG45",
    "words about PID segments": "The segment `PID|` comes after EVN. | PID | USER | |PID|1|2|",
    "FHIR without a name": '{"resourceType": "Patient", "birthDate": "1970-03-01"}',
    "FHIR without a birth date": '{"resourceType": "Patient", "name": [{"family": "Doe"}]}',
    "FHIR profile": '{"resourceType": "StructureDefinition", "name": [], "type": "Patient", "birthDate": "1970"}',
    "FHIR of others beside": '[{"resourceType": "Patient"}, {"name": [{}], "birthDate": "1970-03-01"}]',
}


@pytest.fixture(scope="module")
def repository(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the example, committed. Tests plant in folders of their own."""
    parts = (".gitignore", "contracts", "dbt/seeds", "delivery")
    root = copied(northwind, tmp_path_factory.mktemp("guarded") / "mesh", *parts)
    commit(root)
    return root


@pytest.fixture
def folder(repository: Path, request: pytest.FixtureRequest) -> Path:
    """An empty folder in the repository, which is gone after the test."""
    path = repository / "planted"
    path.mkdir()
    request.addfinalizer(lambda: shutil.rmtree(path))
    request.addfinalizer(lambda: git(repository, "reset", "--quiet", "--hard"))
    return path


def found(output: str) -> dict[str, list[str]]:
    """File name -> what was found in it, with the line if there is one."""
    findings: dict[str, list[str]] = {}
    for line in output.partition("\n\n")[0].splitlines():
        path, _, what = line.partition(": ")
        name, _, number = path.rpartition("/")[2].partition(":")
        findings.setdefault(name, []).append(f"{number}: {what}" if number else what)
    return findings


@pytest.fixture(scope="module")
def planted(repository: Path) -> subprocess.CompletedProcess[str]:
    """The run over a file per planted value, each on its third line."""
    path = repository / "values"
    path.mkdir()
    for number, (_, line, _) in enumerate(PLANTED.values()):
        (path / f"{number}.txt").write_text(f"first\n\n{line}\nlast\n")
    run = script(repository, SCRIPT, *sorted(map(str, path.iterdir())))
    shutil.rmtree(path)
    return run


@pytest.mark.parametrize("case", PLANTED)
def test_planted_value_is_found_and_not_printed(
    case: str, planted: subprocess.CompletedProcess[str], figure: Figure
) -> None:
    kind, line, value = PLANTED[case]
    [finding, *_] = found(planted.stdout)[f"{list(PLANTED).index(case)}.txt"]
    assert finding.startswith(f"3: {kind}"), finding
    assert planted.returncode == 1
    assert value in line
    assert value not in planted.stdout + planted.stderr
    figure("planted_patients")


def test_length_and_column_say_where_a_value_is(planted: subprocess.CompletedProcess[str]) -> None:
    assert found(planted.stdout)["0.txt"] == ["3: SSN-like value, 11 characters, column 15"]
    assert len(found(planted.stdout)["3.txt"]) == 2


@pytest.mark.parametrize("case", PASSED)
def test_look_alike_is_passed(case: str, repository: Path, passed: dict[str, list[str]], figure: Figure) -> None:
    assert passed.get(f"{list(PASSED).index(case)}.txt") is None
    figure("look_alikes")


@pytest.fixture(scope="module")
def passed(repository: Path) -> dict[str, list[str]]:
    """What was found in a file per look-alike, and in one that shows that the run found what there was."""
    path = repository / "look-alikes"
    path.mkdir()
    for number, line in enumerate(PASSED.values()):
        (path / f"{number}.txt").write_text(f"{line}\n")
    (path / "found.txt").write_text("123-45-6789\n")
    run = script(repository, SCRIPT, str(path))
    shutil.rmtree(path)
    findings = found(run.stdout)
    assert findings.pop("found.txt")
    return findings


def test_rendered_repository_is_clean(northwind: Path, tmp_path: Path) -> None:
    """With the policies' own cases, which the fixture leaves out."""
    root = tmp_path / "mesh"
    shutil.copytree(EXAMPLES / "northwind" / "mesh", root)
    shutil.copytree(northwind, root, dirs_exist_ok=True)
    git(root, "init", "--quiet")
    run = script(root, SCRIPT)
    assert run.returncode == 0, run.stdout
    files = len(git(root, "ls-files", "--others", "--exclude-standard").splitlines())
    assert files > 2000
    assert run.stdout == f"{files:,} files hold nothing that looks like a patient\n"


FILES = {
    "labs.csv": (b"a,b\n", "file of data (.csv)"),
    "LABS.CSV": (b"a,b\n", "file of data (.csv)"),
    "labs.csv~": (b"a,b\n", "file of data (.csv)"),
    "labs.csv.gz": (b"\x1f\x8b\x08\0", "file of data (.gz)"),
    "labs.parquet": (b"PAR1", "file of data (.parquet)"),
    "labs.ndjson": (b"{}\n", "file of data (.ndjson)"),
    "labs.xlsx": (b"", "file of data (.xlsx)"),
    "labs.hl7": (b"MSH", "file of data (.hl7)"),
    "labs.dcm": (b"", "file of data (.dcm)"),
    "mesh.duckdb": (b"", "file of data (.duckdb)"),
    "mesh.duckdb.wal": (b"", "file of data (.wal)"),
    "labs.sqlite": (b"", "file of data (.sqlite)"),
    "labs.avro": (b"", "file of data (.avro)"),
    "labs.orc": (b"", "file of data (.orc)"),
    "labs.zip": (b"", "file of data (.zip)"),
    "labs.pdf": (b"", "file of data (.pdf)"),
    "parquet": (b"PAR1\x15\0", "Parquet file"),
    "encrypted.bin": (b"PARE\x15\0", "encrypted Parquet file"),
    "office.txt": (b"PK\x03\x04\x14\0", "ZIP archive or Office document"),
    "old-office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "Office document"),
    "gzip": (b"\x1f\x8b\x08\0\0", "gzip archive"),
    "sqlite": (b"SQLite format 3\0\x10", "SQLite database"),
    "duckdb.yml": (bytes(8) + b"DUCK" + bytes(8), "DuckDB database"),
    "dicom": (bytes(128) + b"DICM\x02\0\0\0", "DICOM file"),
    "avro": (b"Obj\x01\x04\0", "Avro file"),
    "orc": (b"ORC\x0a\0", "ORC file"),
    "arrow": (b"ARROW1\0\0", "Arrow file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n\0", "HDF5 file"),
    "pdf.md": (b"%PDF-1.7\n1 0 obj\n", "PDF document"),
    "scan.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary file"),
    "noise": (b"\x80\x01\x02\x03", "binary file"),
    "utf-16 without its mark": ("labs".encode("utf-16-le"), "binary file"),
}


def test_files_of_data_and_binary_files_are_refused(repository: Path, folder: Path) -> None:
    for name, (content, _) in FILES.items():
        (folder / name).write_bytes(content)
    run = script(repository, SCRIPT, *(f"planted/{name}" for name in FILES))
    assert run.returncode == 1
    assert found(run.stdout) == {name: [what] for name, (_, what) in FILES.items()}


def test_text_is_read_as_it_was_written(repository: Path, folder: Path) -> None:
    texts = {
        "empty": b"",
        "words": b"ORC, PAR1, DUCK and DICM are how files begin.\n",
        "latin": "Bj\xf6rn 123-45-6789\n".encode("latin-1"),
        "utf-16": "Bj\xf6rn 123-45-6789\n".encode("utf-16"),
        "marked": "\ufeff123-45-6789\n".encode(),
        "old-mac": b"one\rtwo\r123-45-6789\r",
        "windows": b"one\r\ntwo\r\n123-45-6789\r\n",
        "framed": b"\x0bMSH|^~\\&|A\rPID|1||PATID1234\r\x1c\r",
    }
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    findings = found(script(repository, SCRIPT, "planted").stdout)
    where = {name: [one.partition(",")[0] for one in what] for name, what in findings.items()}
    assert where == {
        "latin": [f"1: {SSN}"],
        "utf-16": [f"1: {SSN}"],
        "marked": [f"1: {SSN}"],
        "old-mac": [f"3: {SSN}"],
        "windows": [f"3: {SSN}"],
        "framed": [f"2: {PID}"],
    }


def test_patients_in_yaml_and_over_lines(repository: Path, folder: Path) -> None:
    (folder / "one.yml").write_text("resourceType: Patient\nname:\n  - family: Doe\nbirthDate: 1970-03-01\n")
    (folder / "two.json").write_text('{\n"birthDate": "1970-03-01",\n"resourceType": "Patient",\n"name": [{}]\n}\n')
    findings = found(script(repository, SCRIPT, "planted").stdout)
    assert [what[0].partition(",")[0] for what in findings.values()] == [f"1: {FHIR}", f"3: {FHIR}"]


def test_data_stand_where_they_belong_and_nowhere_else(repository: Path, folder: Path) -> None:
    seeds = repository / "dbt/seeds/code_systems"
    for path in (seeds / "codes.csv", seeds / "codes.xlsx", seeds.parent / "codes.csv", seeds / "more" / "codes.csv"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("code,display\n1,one\n")
    (seeds / "people.csv").write_text("code,display\n1,123-45-6789\n")
    run = script(repository, SCRIPT)
    git(repository, "clean", "--quiet", "--force", "-d", "dbt")
    assert {line.partition(": ")[0] for line in run.stdout.partition("\n\n")[0].splitlines()} == {
        "dbt/seeds/code_systems/codes.xlsx",
        "dbt/seeds/code_systems/more/codes.csv",
        "dbt/seeds/code_systems/people.csv:2",
        "dbt/seeds/codes.csv",
    }


@pytest.mark.parametrize(
    ("marker", "passes"),
    [
        ("# phi-guard: invented, from the manual", True),
        ("<!-- phi-guard: invented -->", True),
        ("# phi-guard:", False),
        ("<!-- phi-guard: -->", False),
        ("# phi-guard: 123-45-6789", False),
        ("# phi-guard", False),
        ("# guard: invented", False),
    ],
)
def test_line_is_passed_over_with_a_reason_only(marker: str, passes: bool, repository: Path, folder: Path) -> None:
    (folder / "notes.md").write_text(f"123-45-6789 {marker}\n")
    run = script(repository, SCRIPT, "planted")
    assert run.returncode == (0 if passes else 1)
    assert ("its phi-guard gives no reason" in run.stdout) == (marker.partition("phi-guard:")[1] != "" and not passes)
    if passes:
        assert run.stdout == "1 file holds nothing that looks like a patient; lines passed over, with a reason: 1\n"
    assert "123-45-6789" not in run.stdout


def test_reason_holds_for_its_line_alone(repository: Path, folder: Path) -> None:
    (folder / "notes.md").write_text("# phi-guard: invented\n123-45-6789\n123-45-6789 # phi-guard: invented\n")
    assert found(script(repository, SCRIPT, "planted").stdout) == {
        "notes.md": ["2: SSN-like value, 11 characters, column 1"]
    }


def test_git_says_which_files_count(repository: Path, folder: Path) -> None:
    """Tracked, staged and new ones do, ignored ones do not."""
    for name in ("tracked.txt", "staged.txt", "new.txt", "ignored.pyc", "gone.txt"):
        (folder / name).write_text("123-45-6789\n")
    git(repository, "add", "planted/tracked.txt", "planted/staged.txt", "planted/gone.txt")
    git(repository, "commit", "--quiet", "--message", "Plant", "--", "planted/tracked.txt")
    (folder / "staged.txt").write_text("clean\n")
    (folder / "gone.txt").unlink()
    (folder / "link.txt").symlink_to("123-45-6789")
    run = script(repository, SCRIPT, cwd=folder)
    git(repository, "reset", "--quiet", "HEAD~1")
    assert list(found(run.stdout)) == ["link.txt", "new.txt", "tracked.txt", "gone.txt (staged)", "staged.txt (staged)"]


def test_name_of_a_file_is_masked(repository: Path, folder: Path) -> None:
    (folder / "123-45-6789 (212) 736-5000\n.txt").write_text("clean\n")
    run = script(repository, SCRIPT, "planted")
    assert run.returncode == 1
    assert run.stdout.startswith(f"planted/{'*' * 11} {'*' * 14}?.txt: its name holds")


def test_paths_are_of_the_caller(repository: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "a.txt").write_text("clean\n")
    (folder / "b.txt").write_text("123-45-6789\n")
    (folder / "c.pyc").write_text("123-45-6789\n")
    (tmp_path / "d.txt").write_text("123-45-6789\n")
    assert script(repository, SCRIPT, "a.txt", cwd=folder).returncode == 0
    assert list(found(script(repository, SCRIPT, "b.txt", cwd=folder).stdout)) == ["b.txt"]
    assert list(found(script(repository, SCRIPT, ".", cwd=folder).stdout)) == ["b.txt"]
    assert list(found(script(repository, SCRIPT, "c.pyc", cwd=folder).stdout)) == ["c.pyc"]
    assert script(repository, SCRIPT, "d.txt", cwd=tmp_path).stdout.startswith(f"{tmp_path}/d.txt:1: ")
    run = script(repository, SCRIPT, "dbt/seeds/code_systems/loinc_laboratory.csv")
    assert (run.returncode, run.stdout) == (0, "1 file holds nothing that looks like a patient\n")


def test_what_cannot_be_read_is_said(repository: Path, folder: Path, northwind: Path, tmp_path: Path) -> None:
    run = script(repository, SCRIPT, "planted/absent.txt")
    assert (run.returncode, run.stdout, run.stderr) == (2, "", "there is no planted/absent.txt\n")
    outside = script(repository, SCRIPT, str(tmp_path))
    assert (outside.returncode, "outside repository" in outside.stderr) == (2, True)
    shutil.copytree(northwind / "delivery", tmp_path / "delivery")
    loose = script(tmp_path, SCRIPT)
    assert (loose.returncode, "not a git repository" in loose.stderr) == (2, True)


def test_many_findings_of_a_file_are_counted(repository: Path, folder: Path) -> None:
    (folder / "dump.txt").write_text("123-45-6789\n" * 1020)
    run = script(repository, SCRIPT, "planted")
    assert len(found(run.stdout)["dump.txt"]) == 21
    assert "planted/dump.txt: and 1,000 more\n" in run.stdout


def test_findings_come_with_a_mend(repository: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("123-45-6789\n")
    told = script(repository, SCRIPT, "planted").stdout
    for mend in (
        "1 file looked at",
        "tell the privacy office",
        "phi-guard: <reason>",
        "ALLOWED in delivery/phi_guard.py",
    ):
        assert mend in told
    assert "Exit status" in script(repository, SCRIPT, "--help").stdout


def test_progress_is_told_when_it_takes_long(repository: Path) -> None:
    """With a clock that goes on by a second a look."""
    clock = (
        "import itertools, runpy, sys, time; ticks = itertools.count(); time.monotonic = lambda: next(ticks); "
        f"sys.argv = ['phi_guard.py']; runpy.run_path({str(repository / 'delivery' / SCRIPT)!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", clock]
    run = subprocess.run(command, cwd=repository, env=ENVIRONMENT, capture_output=True, text=True)
    files = len(git(repository, "ls-files").splitlines())
    assert run.returncode == 0
    assert re.fullmatch(rf"(\d+ of {files} files \.\.\.\n)+", run.stderr)
    assert "files ..." not in script(repository, SCRIPT).stderr

"""Refuse what looks like data of patients in the repository.

Without paths it looks at every file that git tracks or would add, and at what is staged. With paths, such as pre-commit
gives, it looks at those. It refuses files of data and binary files outside the folders in ALLOWED, and in text Social
Security numbers, Medicare numbers, telephone numbers, HL7 v2 PID segments and FHIR Patient resources. What was found is
never printed.

A line that only looks so is passed over if it says why: `phi-guard: <reason>`.

Exit status: 0 if nothing was found, 1 if something was, 2 if something cannot be read.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

REPOSITORY = Path(__file__).resolve().parent.parent

# Files of data that belong into the repository: folder, ending, reason. What stands in them is looked at all the same.
ALLOWED = (("dbt/seeds/code_systems", ".csv", "public code systems, which dbt loads as seeds"),)

# Endings of files that hold data, or pack what may.
DATA = {
    *(".accdb", ".arrow", ".avro", ".bak", ".csv", ".db", ".dbf", ".dcm", ".dicom", ".dta", ".duckdb", ".dump"),
    *(".edi", ".feather", ".h5", ".hdf5", ".hl7", ".jsonl", ".mdb", ".ndjson", ".ods", ".orc", ".parquet"),
    *(".pickle", ".pkl", ".psv", ".rdata", ".rds", ".sas7bdat", ".sav", ".sqlite", ".sqlite3", ".tsv", ".wal"),
    *(".x12", ".xls", ".xlsb", ".xlsm", ".xlsx", ".xpt"),
    *(".7z", ".bz2", ".gz", ".pdf", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"),
}
# How such files begin, whatever they are called: offset, bytes, kind.
MAGIC = (
    # https://dicom.nema.org/medical/dicom/current/output/chtml/part10/chapter_7.html
    (128, b"DICM", "DICOM file"),
    (0, b"%PDF-", "PDF document"),
    (8, b"DUCK", "DuckDB database"),
    (0, b"SQLite format 3\0", "SQLite database"),
    (0, b"PAR1", "Parquet file"),
    (0, b"PARE", "encrypted Parquet file"),
    (0, b"ARROW1", "Arrow file"),
    (0, b"FEA1", "Feather file"),
    (0, b"Obj\x01", "Avro file"),
    (0, b"ORC", "ORC file"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 file"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office document"),
    (0, b"PK\x03\x04", "ZIP archive or Office document"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\xfd7zXZ\0", "xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
)


MEND = """\
Take the data out. What was committed stays in git's history: tell the privacy office before you push, or at once if you
did. Where a value is invented, write `phi-guard: <reason>` on its line. Where a file of data belongs into the
repository, add its folder to ALLOWED in delivery/phi_guard.py."""


class CheckError(Exception):
    """Something that cannot be read. The message names it."""


@dataclass(frozen=True)
class Find:
    """A stretch of text that looks like data of a patient."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Finding:
    """What is wrong with a file, without what was found."""

    path: str
    what: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.what}"


# -- what looks like data of a patient ---------------------------------------------------------------------------------

# No area 000, 666 or 900-999, no group 00, no serial 0000: https://www.ssa.gov/employer/randomizationfaqs.html
_AREA, _GROUP, _SERIAL = r"(?!000|666|9)\d{3}", r"(?!00)\d{2}", r"(?!0000)\d{4}"
# From a pamphlet of the Social Security Administration and from wallets: https://www.ssa.gov/history/ssn/misused.html
_ADVERTISED = ("078051120", "219099999")
# Also as word processors write them.
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2212"
# From a word to the number beside it, with no other field in between.
_BESIDE = r"[^\d\n\r,;]{0,12}"
_SSN_WORD = r"(?:(?<![a-z])ssns?(?![a-z])|(?-i:[a-z]Ssn)|social[ _-]?security)"
_SSN = (
    re.compile(rf"(?<!\d)(?<!\d[-.]){_AREA}(?P<by>[{_HYPHENS}]){_GROUP}(?P=by){_SERIAL}(?!\d)(?![-.]\d)", re.ASCII),
    re.compile(rf"(?<!\d)(?<!\d[-. ]){_AREA} {_GROUP} {_SERIAL}(?!\d)(?![-. ]\d)", re.ASCII),
    re.compile(rf"{_SSN_WORD}{_BESIDE}(?<!\d)(?P<value>{_AREA}{_GROUP}{_SERIAL})(?!\d)", re.ASCII | re.IGNORECASE),
    re.compile(rf"(?<!\d)(?P<value>{_AREA}{_GROUP}{_SERIAL})(?!\d){_BESIDE}{_SSN_WORD}", re.ASCII | re.IGNORECASE),
)

# By position 1-9, A, AN, N, A, AN, N, A, A, N, N, where no letter is S, L, O, I, B or Z. CMS stores no hyphens and
# prints them on cards: https://www.cms.gov/medicare/new-medicare-card/understanding-the-mbi-with-format.pdf
_A, _AN = "[AC-HJKMNP-RT-Y]", "[0-9AC-HJKMNP-RT-Y]"
_MBI = re.compile(
    rf"(?<![0-9A-Z])[1-9]{_A}{_AN}\d(?P<by>-?){_A}{_AN}\d(?P=by){_A}{{2}}\d{{2}}(?![0-9A-Z])", re.ASCII | re.IGNORECASE
)
_MBI_WORD = re.compile(r"mbi|medicare|beneficiary", re.IGNORECASE)
# On the cards that CMS shows.
_SPECIMENS = ("1EG4TE5MK72", "1EG4TE5MK73")

# Area code and exchange begin with 2-9 and do not end with 11: https://en.wikipedia.org/wiki/North_American_Numbering_Plan
_CODE = r"[2-9](?!11)\d{2}"
_PHONE_WORD = r"(?:phone|mobile|(?<![a-z])(?:cell|fax|tel)(?![a-z]))"
_PHONE = (
    re.compile(rf"(?<![\w.+-])(?:\+?1[-. ]?)?\({_CODE}\)[-. ]?{_CODE}[-. ]\d{{4}}(?!\w)(?![-.]\d)", re.ASCII),
    re.compile(rf"(?<![\w.+-])(?:\+?1[-.])?{_CODE}(?P<by>[-.]){_CODE}(?P=by)\d{{4}}(?!\w)(?![-.]\d)", re.ASCII),
    re.compile(rf"(?<![\w.+-])\+1[-. ]?{_CODE}[-. ]?{_CODE}[-. ]?\d{{4}}(?!\w)(?![-.]\d)", re.ASCII),
    re.compile(
        rf"{_PHONE_WORD}{_BESIDE}(?<![\w.+-])(?P<value>{_CODE}[-. ]?{_CODE}[-. ]?\d{{4}})(?!\w)(?![-.]\d)",
        re.ASCII | re.IGNORECASE,
    ),
)
# Reserved for fiction: https://en.wikipedia.org/wiki/555_(telephone_number)
_RESERVED = re.compile(r"55501\d\d$")

# A segment begins a message's line and has its number, or nothing, as first field:
# https://www.hl7.eu/refactored/segPID.html
_PID = re.compile(r"(?:(?<![0-9A-Za-z_|])|(?<=\\r)|(?<=\\n))PID\|\d{0,4}\|")

# JSON, also as it stands in strings of code, and YAML. https://hl7.org/fhir/R4/patient.html
_QUOTE = r"\\?[\"']?"
_PATIENT = re.compile(rf"\bresourceType{_QUOTE}\s*:\s*{_QUOTE}Patient\b")
_NAME = re.compile(rf"\bname{_QUOTE}\s*:\s*[\[-]")
_BIRTH_DATE = re.compile(rf"\bbirthDate{_QUOTE}\s*:\s*{_QUOTE}\d{{4}}")


# Expressions are slow and rarely needed: most files lack what every match has, its digits seen as zeros.
_ZEROS = str.maketrans("123456789", "000000000")


def _has(text: str, *parts: str) -> bool:
    shape = text.translate(_ZEROS)
    return any(part in shape for part in parts)


def _ssns(text: str) -> Iterator[Find]:
    if not _has(text, "000000000", *(f"00{between}0000" for between in f"{_HYPHENS} ")):
        return
    for pattern in _SSN:
        for start, end in _values(pattern, text):
            if _digits(text[start:end]) not in _ADVERTISED:
                yield Find("SSN-like value", start, end)


def _medicare_numbers(text: str) -> Iterator[Find]:
    for start, end in _values(_MBI, text):
        value = text[start:end]
        # Other codes of lower-case letters and digits are many.
        named = value.isupper() or _MBI_WORD.search(text, text.rfind("\n", 0, start) + 1, _line_end(text, end))
        if named and value.upper().replace("-", "") not in _SPECIMENS:
            yield Find("Medicare number-like value", start, end)


def _telephone_numbers(text: str) -> Iterator[Find]:
    if not _has(text, "0000000", "000-0000", "000.0000", "000 0000"):
        return
    for pattern in _PHONE:
        for start, end in _values(pattern, text):
            if not _RESERVED.search(_digits(text[start:end])):
                yield Find("telephone number-like value", start, end)


def _pid_segments(text: str) -> Iterator[Find]:
    for match in _PID.finditer(text) if "PID|" in text else ():
        yield Find("HL7 PID segment", match.start(), _line_end(text, match.end()))


def _fhir_patients(text: str) -> Iterator[Find]:
    for match in _PATIENT.finditer(text) if "resourceType" in text else ():
        start, end = _object(text, match.start())
        if _NAME.search(text, start, end) and _BIRTH_DATE.search(text, start, end):
            yield Find("FHIR Patient with name and birth date", match.start(), match.end())


DETECTORS: tuple[Callable[[str], Iterator[Find]], ...] = (
    _ssns,
    _medicare_numbers,
    _telephone_numbers,
    _pid_segments,
    _fhir_patients,
)


def _values(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    group = "value" if "value" in pattern.groupindex else 0
    return (match.span(group) for match in pattern.finditer(text))


def _digits(value: str) -> str:
    return re.sub(r"\D", "", value)


def _line_end(text: str, position: int) -> int:
    ends = [end for end in (text.find("\n", position), text.find("\r", position)) if end >= 0]
    return min(ends, default=len(text))


def _object(text: str, position: int) -> tuple[int, int]:
    """The braces around a position, or the lines around it where there are none."""
    start = _brace(text, range(position - 1, -1, -1), "}{")
    end = _brace(text, range(position, len(text)), "{}")
    if start is not None and end is not None:
        return start, end
    lines = [match.start() for match in re.finditer("\n", text)]
    before = [line for line in lines if line < position][-40:]
    after = [line for line in lines if line >= position][:40]
    return (before[0] if len(before) == 40 else 0, after[-1] if len(after) == 40 else len(text))


def _brace(text: str, positions: range, braces: str) -> int | None:
    """Where the brace of the second kind is that none of the first kind opened."""
    depth = 0
    for position in positions:
        if text[position] == braces[0]:
            depth += 1
        elif text[position] == braces[1]:
            if depth == 0:
                return position
            depth -= 1
    return None


def found(text: str) -> list[Find]:
    """What looks like data of a patient, each stretch of one kind once."""
    finds: list[Find] = []
    for detect in DETECTORS:
        end = 0
        for find in sorted(detect(text), key=lambda find: find.start):
            if find.start >= end:
                finds.append(find)
                end = find.end
    return sorted(finds, key=lambda find: find.start)


# -- files -------------------------------------------------------------------------------------------------------------

_PASS = re.compile(r"phi-guard:(?P<reason>[^\n\r]*)")
_WORD = re.compile(r"[^\W\d_]{3,}")
# What text has of them; the last three frame and part HL7 messages.
_CONTROLS = set(b"\t\n\f\r\x1b\x0b\x1c\x1d")
# How many findings of one file are told.
_MOST = 20


@dataclass
class Result:
    """What came of all files."""

    findings: list[Finding]
    files: int = 0
    passed: int = 0


def look_at(path: str, content: bytes, result: Result, note: str = "") -> None:
    """Add what is wrong with a file. note: what to say behind its name."""
    result.files += not note
    shown = _shown(path) + note
    if found(path):
        result.findings.append(Finding(shown, "its name holds what looks like data of a patient"))
    allowed = any(PurePath(path).parent.as_posix() == folder and path.endswith(end) for folder, end, _ in ALLOWED)
    ending = "".join(PurePath(path.rstrip("~")).name.lower().rpartition(".")[1:])
    text = _text(content)
    kind = _kind(content, text is None)
    if ending in DATA and not allowed:
        result.findings.append(Finding(shown, f"file of data ({ending})"))
    elif kind or text is None:
        result.findings.append(Finding(shown, kind))
    else:
        _look_at_text(shown, text, result)


def _look_at_text(path: str, text: str, result: Result) -> None:
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    findings: list[Finding] = []
    passed: set[int] = set()
    for find in found(text):
        number = bisect_right(starts, find.start)
        start = starts[number - 1]
        marker = _PASS.search(text, start, _line_end(text, find.start))
        if marker and _WORD.search(marker["reason"]):
            passed.add(number)
            continue
        what = f"{find.kind}, {find.end - find.start} characters, column {find.start - start + 1}"
        if marker:
            what += "; its phi-guard gives no reason"
        findings.append(Finding(path, what, number))
    if len(findings) > _MOST:
        more = len(findings) - _MOST
        findings[_MOST:] = [Finding(path, f"and {more:,} more")]
    result.findings += findings
    result.passed += len(passed)


def _shown(path: str) -> str:
    for find in reversed(found(path)):
        path = path[: find.start] + "*" * (find.end - find.start) + path[find.end :]
    return "".join(letter if letter.isprintable() else "?" for letter in path)


def _text(content: bytes) -> str | None:
    """A file as text, None if it is none."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in content:
        return None
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        # As older systems write it, if nothing in it speaks against text.
        controls = {byte for byte in set(content) if byte < 32} - _CONTROLS
        return None if controls or encoding == "utf-16" else content.decode("latin-1")


def _kind(content: bytes, binary: bool) -> str:
    """The kind of a binary file, empty if it is text."""
    for offset, magic, kind in MAGIC:
        if (binary or magic == b"%PDF-") and content[offset:].startswith(magic):
            return kind
    return "binary file" if binary else ""


def tracked(folder: Path) -> list[str]:
    """What git tracks or would add below a folder of the repository, relative to the repository."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", str(folder))
    return list(dict.fromkeys(os.fsdecode(name) for name in listed.split(b"\0") if name))


def staged() -> list[str]:
    """What is staged otherwise than it stands in the working tree."""
    listed = _git("diff", "--name-only", "-z", "--relative", "--diff-filter=DMT", "--ignore-submodules")
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _git(*arguments: str) -> bytes:
    try:
        run = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True)
    except OSError as error:
        raise CheckError(f"git cannot be run: {error}") from error
    if run.returncode:
        raise CheckError(run.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
    return run.stdout


def _content(path: Path) -> bytes | None:
    """What git keeps of a file; None where there is nothing to keep."""
    try:
        if path.is_symlink():
            return os.fsencode(path.readlink())
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise CheckError(f"{path} cannot be read: {error.strerror}") from error


def look(paths: Sequence[Path]) -> Result:
    """Look at paths, or at all there is. Raises CheckError."""
    names = [name for path in paths for name in _names(path)] if paths else tracked(REPOSITORY)
    result = Result([])
    told = time.monotonic()
    for position, name in enumerate(names):
        content = _content(REPOSITORY / name)
        if content is not None:
            look_at(name, content, result)
        if time.monotonic() - told > 2:
            told = time.monotonic()
            print(f"{position + 1:,} of {len(names):,} files ...", file=sys.stderr)
    for name in [] if paths else staged():
        look_at(name, _git("show", f":./{name}"), result, " (staged)")
    return result


def _names(path: Path) -> list[str]:
    # A link is looked at itself.
    absolute = path.parent.resolve() / path.name
    if absolute.is_symlink() or absolute.is_file():
        return [absolute.relative_to(REPOSITORY).as_posix() if absolute.is_relative_to(REPOSITORY) else str(absolute)]
    if absolute.is_dir():
        return tracked(absolute)
    raise CheckError(f"there is no {path}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, tell, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders to look at; default: the repository")
    try:
        result = look(parser.parse_args(arguments).paths)
    except CheckError as error:
        print(error, file=sys.stderr)
        return 2
    files = f"{result.files:,} file{'' if result.files == 1 else 's'}"
    passed = f"; lines passed over, with a reason: {result.passed:,}" if result.passed else ""
    if not result.findings:
        print(f"{files} hold{'s' if result.files == 1 else ''} nothing that looks like a patient{passed}")
        return 0
    for finding in result.findings:
        print(finding)
    print(f"\n{files} looked at{passed}.\n{MEND}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

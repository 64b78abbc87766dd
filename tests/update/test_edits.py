"""An organization's edits survive updates: in every kind of file, everywhere in it, whatever the template changed.

What an edit must become is decided by `git merge-file` on the three versions of the file, for which copier's algorithm
of patches and rejects is another way: the release that the file was made from, the one that it goes to, and the edit.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from tests.conftest import Figure, Total
from tests.render import ROOT, files_of
from tests.update.conftest import Releases
from tests.update.history import next_version, recorded
from tests.update.organization import ANSWERS, MARKER, Organization
from tests.update.samples import SAMPLED, shapes

HERE = next_version()
# Files that the template does not know: beside its own, in folders of one's own, and one that looks like conflicts.
OWN = {
    "NOTES.md": b"Ours.\n",
    "dbt/models/own/report.sql": b"select 1\n",
    "infra/terraform/envs/own_notes.txt": b"ours\n",
    "contracts/own.txt": b"no contract\n",
    "docs/own/merge.md": b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n",
    "assets/logo.bin": bytes(range(256)),
    "windows.txt": b"one\r\ntwo\r\n",
    "no line break at the end": b"end",
}
SEED = GitIgnoreSpec.from_lines(yaml.safe_load((ROOT / "template/delivery/ownership.yml").read_text())["seed"])
KINDS = ("insert", "replace", "delete")


@dataclass
class Tally:
    """What the updates did."""

    updates: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    both: int = 0
    conflicts: int = 0
    lost: int = 0

    def told(self, what: str) -> str:
        """A line for the end of the run."""
        assert self.lost == 0
        assert len(self.edits) > 8
        assert self.both
        assert self.conflicts
        return (
            f"edits: {self.updates} updates {what}, {sum(self.edits.values())} edits in {len(self.edits)} kinds of "
            f"files, {self.both} where the template changed the file too, {self.conflicts} conflicts, "
            f"{self.lost} lines lost"
        )


def edited(text: bytes, kind: str, place: int, number: int) -> bytes:
    """A file with an edit before the line `place`, or of it. Each line that is written is found nowhere else."""
    lines = text.splitlines(keepends=True)
    new = f"edit {number} of ours\n".encode()
    if kind == "insert" or not lines:
        lines.insert(place, new)
    elif kind == "replace":
        lines[min(place, len(lines) - 1)] = new
    else:
        del lines[min(place, len(lines) - 1)]
    return b"".join(lines)


def merged(folder: Path, ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, int]:
    """What git makes of three versions, and the number of conflicts."""
    names = ["before updating", "last update", "after updating"]
    for name, content in zip(names, (ours, base, theirs), strict=True):
        (folder / name).write_bytes(content)
    labels = [argument for name in names for argument in ("-L", name)]
    result = subprocess.run(["git", "merge-file", "-p", *labels, *names], cwd=folder, capture_output=True, check=False)
    assert 0 <= result.returncode < 128, result.stderr
    return result.stdout, result.returncode


def changed_lines(base: bytes, other: bytes) -> list[range]:
    """Lines of `base` that `other` has not, with the line before and the line after what it inserts."""
    matcher = SequenceMatcher(None, base.splitlines(), other.splitlines(), autojunk=False)
    return [range(first - 1, last + 1) for tag, first, last, _, _ in matcher.get_opcodes() if tag != "equal"]


def near(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether both sides changed the same lines or lines next to each other."""
    there = changed_lines(base, theirs)
    return any(set(mine) & set(yours) for mine in changed_lines(base, ours) for yours in there)


def write(mesh: Organization, files: dict[str, bytes]) -> None:
    """Write files, in folders that may be new."""
    for path, content in files.items():
        (mesh.root / path).parent.mkdir(parents=True, exist_ok=True)
        (mesh.root / path).write_bytes(content)


def lost_lines(side: bytes, base: bytes, after: bytes) -> int:
    """Lines that a side wrote and that are not there."""
    return (Counter(side.splitlines()) - Counter(base.splitlines()) - Counter(after.splitlines())).total()


def check_file(path: str, before: bytes, base: bytes, theirs: bytes, after: bytes, scratch: Path) -> bool:
    """See that a file that both sides have became what it must. Returns whether it conflicts."""
    wanted, conflicts = merged(scratch, before, base, theirs)
    if conflicts:
        assert near(base, before, theirs), f"{path} conflicts where nobody changed the same lines"
    else:
        assert MARKER not in after.splitlines(), path
    assert after == wanted, path
    return bool(conflicts)


def edit(mesh: Organization, theirs: dict[str, bytes], random: Random, tally: Tally) -> dict[str, bytes]:
    """Edit every file, remove some, write own ones, and commit. Returns what was there.

    Where the template is about to change a file, most edits are on or beside the lines that it changes, and some of the
    files that it is about to add are there already.
    """
    base = mesh.files()
    for number, (path, text) in enumerate(sorted(base.items())):
        if path == ANSWERS:
            continue
        lines = text.count(b"\n")
        places = [0, random.randrange(lines + 1), lines]
        if text != theirs.get(path, text):
            places = [max(random.choice(lines), 0) for lines in changed_lines(text, theirs[path])] + places[:1]
            tally.both += 1
        if random.random() < 0.03:
            (mesh.root / path).unlink()
        else:
            (mesh.root / path).write_bytes(edited(text, random.choice(KINDS), random.choice(places), number))
        tally.edits[Path(path).suffix or Path(path).name] += 1
    added = sorted(theirs.keys() - base.keys())
    first = random.sample(added, min(3, len(added)))
    write(mesh, OWN | {path: f"{path} of ours\n".encode() for path in first})
    mesh.commit()
    return base


def check_update(
    mesh: Organization,
    base: dict[str, bytes],
    before: dict[str, bytes],
    theirs: dict[str, bytes],
    scratch: Path,
    tally: Tally,
) -> None:
    """See that every file became what it must, and that what conflicts is told."""
    after = mesh.files()
    conflicts = set()
    for path in (before.keys() | base.keys() | theirs.keys()) - {ANSWERS}:
        ours, was, new, now = before.get(path), base.get(path), theirs.get(path), after.get(path)
        if ours is None and was is not None:
            # Somebody removed it: it stays away, but for a seed.
            assert now == (new if SEED.match_file(path) else None), path
        elif ours is None:
            assert now == new, path
        elif was is not None and new is None:
            # The template has it no longer.
            assert now is None, path
        elif new is None or SEED.match_file(path):
            assert now == ours, path
        else:
            assert now is not None, path
            tally.lost += sum(lost_lines(side, was or b"", now) for side in (ours, new))
            if check_file(path, ours, was or b"", new, now, scratch):
                conflicts.add(path)
    assert mesh.marked() == mesh.unmerged() == conflicts
    assert not [path for path in after if path.endswith((".rej", ".orig"))]
    assert {path: after[path] for path in OWN} == OWN
    tally.updates += 1
    tally.conflicts += len(conflicts)


@pytest.mark.parametrize("version", recorded())
def test_edits_in_every_file_survive_a_release(
    version: str, releases: Releases, tmp_path: Path, total: Total, figure: Figure
) -> None:
    tally = Tally()

    @settings(SAMPLED, max_examples=3)
    @given(shapes(), st.randoms(use_true_random=True))
    def check(answers: dict[str, Any], random: Random) -> None:
        mesh = releases.organization(version, releases.known_to(version, answers))
        theirs = files_of(releases.fresh(HERE, answers))
        base = edit(mesh, theirs, random, tally)
        before = mesh.files()
        mesh.update(HERE)
        check_update(mesh, base, before, theirs, tmp_path, tally)

    check()
    total(tally.told(f"from {version}"))
    figure("merged_edits", tally.edits.total())


def test_edits_in_every_file_survive_changed_answers(
    releases: Releases, tmp_path: Path, total: Total, figure: Figure
) -> None:
    tally = Tally()

    @settings(SAMPLED, max_examples=4)
    @given(shapes(), shapes(), st.randoms(use_true_random=True))
    def check(here: dict[str, Any], there: dict[str, Any], random: Random) -> None:
        mesh = releases.organization(HERE, here)
        theirs = files_of(releases.fresh(HERE, there))
        base = edit(mesh, theirs, random, tally)
        before = mesh.files()
        mesh.update(**there)
        check_update(mesh, base, before, theirs, tmp_path, tally)

    check()
    total(tally.told("to other answers"))
    figure("merged_edits", tally.edits.total())


@pytest.mark.parametrize(
    ("after", "lost"),
    [(b"1\nours\n3\n4\n", 1), (b"1\n2\n3\ntheirs\n", 1), (b"1\n3\ntheirs\nours\n", 0), (b"1\nours\n3\n4\ntheirs\n", 0)],
)
def test_what_an_update_must_not_do_is_seen(after: bytes, lost: int, tmp_path: Path) -> None:
    """A line of ours or of the template that is lost, and lines in the wrong place."""
    base, ours, theirs = b"1\n2\n3\n4\n", b"1\nours\n3\n4\n", b"1\n2\n3\ntheirs\n"
    assert check_file("right", ours, base, theirs, b"1\nours\n3\ntheirs\n", tmp_path) is False
    assert sum(lost_lines(side, base, after) for side in (ours, theirs)) == lost
    with pytest.raises(AssertionError, match="wrong"):
        check_file("wrong", ours, base, theirs, after, tmp_path)

"""Take a newer release of the template, or other answers, and say first what that would do.

  preview  updates a copy of what is committed here, and reports; nothing here changes
  apply    updates this repository; the tree must be clean, so that git can bring everything back

The report names files that are added, changed and deleted, those in which your lines and the template's conflict, those
that the template deletes although you edited them, and answers that come, go or change. What delivery/ownership.yml
calls a seed is yours: one that you edited stays, also where the template has it no longer.

The exit status is 0; 1 if something conflicts or edited files are deleted; 2 if the update cannot be made.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pathspec import GitIgnoreSpec

REPOSITORY = Path(__file__).resolve().parents[1]
ANSWERS = ".copier-answers.yml"
OWNERSHIP = "delivery/ownership.yml"
# As copier marks where both sides changed the same lines.
MARKER = re.compile(rb"^<<<<<<< before updating$", re.MULTILINE)
# What copier says where an answer is missing, or was dropped because the release refuses it.
NOT_ALLOWED = re.compile(r'Question "(\w+)" is required')
EXCEPTION = re.compile(r"^[\w.]+(?:Error|Exception): ", re.MULTILINE)
# Lines around an edit that must be as they were for copier to apply it as a patch; else it merges the three versions of
# the file. With few of them, an edit of one of several blocks that end alike is put into another one, in silence.
CONTEXT_LINES = 1_000_000
SHOWN = 20
WAY_BACK = "To go back: git reset --hard && git clean -d --force"


class UpgradeError(Exception):
    """The update cannot be made. The message says why and what to do."""


@dataclass(frozen=True)
class Report:
    """What an update does to a repository."""

    added: list[str]
    changed: list[str]
    deleted: list[str]
    conflicts: list[str]
    lost_edits: list[str]
    kept: list[str]
    answers: list[str]

    @property
    def in_order(self) -> bool:
        """Whether nobody has to look after it."""
        return not self.conflicts and not self.lost_edits

    def lines(self) -> Iterable[str]:
        """The report as text."""
        named = {
            "answers that come, go or change": self.answers,
            "added": self.added,
            "changed": self.changed,
            "deleted": self.deleted,
            "yours, kept although the template has them no longer": self.kept,
            "DELETED ALTHOUGH YOU EDITED THEM": self.lost_edits,
            "CONFLICTS, to be settled between the markers": self.conflicts,
        }
        for title, items in named.items():
            if items:
                yield f"{title}: {len(items)}"
                yield from (f"  {item}" for item in items[:SHOWN])
                if len(items) > SHOWN:
                    yield f"  ... and {len(items) - SHOWN} more"
        if not any(named.values()):
            yield "nothing changes"


def main() -> int:
    """Preview an update, or make it."""
    parser = argparse.ArgumentParser(description="Take a newer release of the template, or other answers.")
    parser.add_argument("command", choices=["preview", "apply"], help="say what an update would do, or do it")
    parser.add_argument(
        "--to", metavar="VERSION", help="release to take (the newest), or :current: to stay on this one"
    )
    parser.add_argument(
        "--data", action="append", default=[], metavar="ANSWER=VALUE", help="another answer; may repeat"
    )
    options = parser.parse_args()
    if wrong := [answer for answer in options.data if "=" not in answer]:
        parser.error(f"--data takes ANSWER=VALUE, not {wrong[0]!r}")
    return take(options.to, dict(answer.split("=", 1) for answer in options.data), preview=options.command == "preview")


def take(
    version: str | None,
    data: Mapping[str, Any],
    *,
    preview: bool,
    finish: Callable[[Path], set[str]] = lambda root: set(),
) -> int:
    """Update this repository or, for a preview, a copy of it; print the report, and return the exit status.

    `finish` is what is done to the repository after the update and before the report. It returns the files that went,
    but are kept elsewhere.
    """
    try:
        if preview:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / REPOSITORY.name
                git(REPOSITORY, "clone", "--quiet", "--no-hardlinks", ".", str(copy))
                report = updated(copy, version, data, finish)
        else:
            if changes := git(REPOSITORY, "status", "--porcelain").splitlines():
                listed = "\n".join(changes[:SHOWN])
                print(f"Commit or stash your changes, so that git can bring all back:\n{listed}", file=sys.stderr)
                return 2
            report = updated(REPOSITORY, version, data, finish)
    except UpgradeError as error:
        print(error, file=sys.stderr)
        if not preview and git(REPOSITORY, "status", "--porcelain"):
            print(WAY_BACK, file=sys.stderr)
        return 2
    print("\n".join(report.lines()))
    if not preview:
        if report.lost_edits:
            print("To keep a file that was deleted: git checkout HEAD -- <file>", file=sys.stderr)
        print(f"Look at it with git diff, then commit. {WAY_BACK}", file=sys.stderr)
    return 0 if report.in_order else 1


def updated(root: Path, version: str | None, data: Mapping[str, Any], finish: Callable[[Path], set[str]]) -> Report:
    """Update a repository with a clean tree, and say what that did. Its index is left as copier leaves it."""
    before = answers_of(root)
    print("Rendering what this repository was made from ...", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        edited = edited_files(root, before, Path(folder))
    print("Updating ...", file=sys.stderr)
    reference = [f"--vcs-ref={version}"] if version else []
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.yml"
        answers.write_text(yaml.safe_dump(dict(data), sort_keys=False))
        options = ["--defaults", "--quiet", f"--context-lines={CONTEXT_LINES}", "--data-file", str(answers)]
        copier("update", *options, *reference, str(root))
    kept = sorted(name for name in edited & seeds(root) if not (root / name).exists())
    if kept:
        git(root, "checkout", "HEAD", "--", *kept)
    elsewhere = finish(root)
    added, changed, deleted, conflicts = [], [], [], []
    status = git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    for entry in filter(None, status.split("\0")):
        code, name = entry[:2], entry[3:]
        path = root / name
        if not path.exists():
            deleted.append(name)
        elif code == "??" or "A" in code:
            added.append(name)
        elif name != ANSWERS:
            changed.append(name)
        if path.is_file() and MARKER.search(path.read_bytes()):
            conflicts.append(name)
    after = answers_of(root)
    return Report(
        added,
        changed,
        deleted,
        conflicts,
        lost_edits=sorted(edited.intersection(deleted) - elsewhere),
        kept=kept,
        answers=sorted(
            f"{name}: {before.get(name, '(none)')} -> {after.get(name, '(none)')}"
            for name in {*before, *after}
            if before.get(name) != after.get(name)
        ),
    )


def seeds(root: Path) -> set[str]:
    """Committed files that the template wrote once and no more."""
    patterns = yaml.safe_load((root / OWNERSHIP).read_text())["seed"]
    files = git(root, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    return set(GitIgnoreSpec.from_lines(patterns).match_files(files))


def edited_files(root: Path, answers: dict[str, Any], folder: Path) -> set[str]:
    """Files of the template that are not here as it made them."""
    made = folder / "made"
    recorded = folder / "answers.yml"
    kept = {name: value for name, value in answers.items() if not name.startswith("_")}
    recorded.write_text(yaml.safe_dump(kept, sort_keys=False))
    source, version = str(answers["_src_path"]), str(answers["_commit"])
    copier("copy", "--defaults", "--quiet", "--vcs-ref", version, "--data-file", str(recorded), source, str(made))
    names = (path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    return {
        name for name in names if (root / name).is_file() and (root / name).read_bytes() != (made / name).read_bytes()
    }


def answers_of(root: Path) -> dict[str, Any]:
    """The recorded answers."""
    try:
        answers = yaml.safe_load((root / ANSWERS).read_text())
    except OSError:
        raise UpgradeError(
            f"There is no {ANSWERS}: this repository was not made by copier, or it was deleted."
        ) from None
    except yaml.YAMLError as error:
        raise UpgradeError(
            f"{ANSWERS} cannot be read: {error}\nBring it back: git checkout HEAD -- {ANSWERS}"
        ) from error
    if not isinstance(answers, dict) or not {"_commit", "_src_path"} <= answers.keys():
        raise UpgradeError(f"{ANSWERS} names no template and release. Bring it back: git log -- {ANSWERS}")
    return answers


def copier(*arguments: str) -> None:
    """Run the copier that is installed beside this Python."""
    command = [str(Path(sys.executable).with_name("copier")), *arguments]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if result.returncode:
        if refused := NOT_ALLOWED.search(result.stderr):
            raise UpgradeError(
                f"The recorded answer {refused[1]} is not allowed there, and no other is taken in its place. "
                f"The changelog of the template says why. Give one that is allowed: --data {refused[1]}=<value>"
            )
        # Of a traceback, what the exception says.
        said = EXCEPTION.split(result.stderr)[-1].strip() if "Traceback" in result.stderr else result.stderr.strip()
        raise UpgradeError(f"copier {arguments[0]} did not work: {said}")


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if result.returncode:
        raise UpgradeError(f"git {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())

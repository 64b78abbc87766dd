"""Report on a Terraform plan: what it changes, what the policies say, and the digest of its changes.

Reads what `terraform show -json` writes. Values that Terraform calls sensitive, and what looks like a credential or a
patient, are masked: the report ends up in a pull request.

The exit status is 0; 1 if the plan is not to be applied as it stands; 2 if it cannot be read.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phi_guard import found

Json = dict[str, Any]

# A comment on GitHub holds 65,536 characters, and the reports of all environments share it.
LONGEST_BLOCK = 7_000
LONGEST_VALUE = 120
MASK = "(masked)"

CREDENTIALS = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    r"|-----BEGIN[A-Z ]*PRIVATE KEY-----"
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,}"  # HCP Terraform
    r"|ya29\.[A-Za-z0-9_-]{20,}"  # Google
)
VERBS = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("read",): "read",
    ("forget",): "forget",
}
DESTRUCTIVE = ("destroy", "replace")


def main() -> int:
    """Write the report, say what it says in short, and hand digest and verdict to the workflow."""
    parser = argparse.ArgumentParser(description="Report on a Terraform plan, as `terraform show -json` writes it.")
    parser.add_argument("plan", type=Path, help="the plan as JSON")
    parser.add_argument("--environment", required=True, help="name of the environment, for the heading")
    parser.add_argument("--report", type=Path, required=True, help="Markdown file to write")
    parser.add_argument("--policies", type=Path, help="folder of the Sentinel policy set that decides on the plan")
    parser.add_argument("--most-destroyed", type=int, default=0, metavar="N", help="resources that may go (0)")
    parser.add_argument("--allowed", action="store_true", help="let more than that go")
    parser.add_argument("--reviewed", metavar="DIGEST", help="refuse a plan with another digest than this")
    parser.add_argument("--drift", action="store_true", help="report how the cloud differs, and refuse nothing")
    options = parser.parse_args()
    if options.policies and not shutil.which("sentinel"):
        print("No sentinel here. Install it: https://developer.hashicorp.com/sentinel/install", file=sys.stderr)
        return 2
    try:
        plan = json.loads(options.plan.read_text())
        changes = changed(plan)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{options.plan} is not what `terraform show -json` writes of a plan: {error}", file=sys.stderr)
        return 2

    digest = digest_of(plan)
    counts = Counter(verb for verb, _ in changes)
    summary = ", ".join(f"{count} to {verb}" for verb, count in sorted(counts.items())) or "no changes"
    refusals: list[str] = []
    verdict = ""
    if not options.drift:
        refusals += refused(counts, digest, options.most_destroyed, options.allowed, options.reviewed)
    if options.policies:
        passed, verdict = decided(options.policies)
        refusals += [] if passed else ["The policies deny the plan: see below what each asks for."]
    title = f"{'Drift' if options.drift else 'Plan'} of {options.environment}: {summary}"
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(report(title, changes, refusals, verdict, digest))

    print(f"{options.environment}: {summary}. Digest {digest}")
    publish("GITHUB_OUTPUT", f"changes={'true' if has_changes(plan) else 'false'}\ndigest={digest}\n")
    publish("GITHUB_STEP_SUMMARY", options.report.read_text() + "\n")
    for refusal in refusals:
        print(refusal, file=sys.stderr)
    return 1 if refusals else 0


def changed(plan: Json) -> list[tuple[str, Json]]:
    """Verb and resource of each change, in the order of the plan."""
    return [
        (VERBS.get(tuple(resource["change"]["actions"]), "/".join(resource["change"]["actions"])), resource)
        for resource in plan.get("resource_changes", [])
        if resource["change"]["actions"] != ["no-op"]
    ]


def has_changes(plan: Json) -> bool:
    """Whether there is anything to apply: reading alone is nothing, a new output is something."""
    outputs = plan.get("output_changes", {}).values()
    return any(verb != "read" for verb, _ in changed(plan)) or any(output["actions"] != ["no-op"] for output in outputs)


def digest_of(plan: Json) -> str:
    """SHA-256 of all that the plan would do, in hexadecimal. Two plans of the same changes have the same."""
    changes = [[resource["address"], resource.get("deposed"), resource["change"]] for _, resource in changed(plan)]
    changes.sort(key=lambda change: (change[0], change[1] or ""))
    outputs = plan.get("output_changes", {}).items()
    text = json.dumps([changes, {name: out for name, out in outputs if out["actions"] != ["no-op"]}], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refused(counts: Counter[str], digest: str, most: int, allowed: bool, reviewed: str | None) -> Iterator[str]:
    """Why the plan is not to be applied, each with what to do."""
    destroyed = sum(counts[verb] for verb in DESTRUCTIVE)
    if destroyed > most and not allowed:
        yield (
            f"The plan destroys or replaces {destroyed} resources, and {most} may go. If that is meant, give the pull "
            "request the label `destroy-allowed`."
        )
    if reviewed is not None and digest != reviewed:
        yield (
            "The plan is not the one that was reviewed: what it would change has changed since. Run the workflow "
            "again, so that the new plan is reviewed."
        )


def decided(policies: Path) -> tuple[bool, str]:
    """Whether the policy set passes the plan that its plan.hcl names, and what Sentinel printed."""
    result = subprocess.run(["sentinel", "apply"], cwd=policies, capture_output=True, text=True, check=False)
    printed = (result.stdout + result.stderr).strip()
    print(printed)
    return result.returncode == 0, printed


def report(title: str, changes: list[tuple[str, Json]], refusals: list[str], verdict: str, digest: str) -> str:
    """The plan as Markdown."""
    lines = [f"### {title}", ""]
    lines += [f"> **Refused.** {refusal}\n" for refusal in refusals]
    if changes:
        lines += folded("Changes", list(details(changes)))
    # What denies is told; there are dozens that pass.
    told = [without_secrets(line) for line in verdict.splitlines() if not re.match(r"(?i)pass\b", line)]
    if told:
        lines += folded("Policies", told)
    return "\n".join([*lines, f"Digest `{digest}`", ""])


def folded(heading: str, text: list[str]) -> list[str]:
    """A block that opens on a click, cut to LONGEST_BLOCK characters. No line of the text can end it."""
    kept: list[str] = []
    length = 0
    for line in text:
        length += len(line) + 5
        if length > LONGEST_BLOCK:
            kept.append(f"... {len(text) - len(kept)} more lines: see the log of the run")
            break
        kept.append(f"    {line}")
    return [f"<details><summary>{heading}</summary>", "", *kept, "", "</details>", ""]


def details(changes: list[tuple[str, Json]]) -> Iterator[str]:
    """Each change with the attributes that differ: what takes away comes first, then what changes what is there."""
    order = {verb: place for place, verb in enumerate((*DESTRUCTIVE, "forget", "change", "create", "read"))}
    for verb, resource in sorted(changes, key=lambda change: (order.get(change[0], 0), change[1]["address"])):
        yield f"{verb} {resource['address']}"
        for line in attributes(resource["change"]):
            yield f"    {line}"


def attributes(change: Json) -> Iterator[str]:
    """`name: before -> after` of each attribute that differs."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    sensitive = [change.get("before_sensitive") or {}, change.get("after_sensitive") or {}]
    for name in sorted({*before, *after, *unknown}):
        old, new, comes = before.get(name), after.get(name), marked(unknown.get(name))
        if old == new and not comes:
            continue
        if any(side is True or marked(side.get(name)) for side in sensitive):
            yield f"{name}: {MASK}"
            continue
        told = "(known after apply)" if comes and new is None else shown_value(new)
        yield f"{name}: {told}" if change.get("before") is None else f"{name}: {shown_value(old)} -> {told}"


def marked(mask: Any) -> bool:
    """Whether anything in a mask of Terraform's, which has the shape of the value, is true."""
    if isinstance(mask, dict):
        return any(marked(part) for part in mask.values())
    if isinstance(mask, list):
        return any(marked(part) for part in mask)
    return mask is True


def shown_value(value: Any) -> str:
    """A value on one line, masked and cut."""
    text = without_secrets(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}... ({len(text)} characters)"


def without_secrets(text: str) -> str:
    """The text without what looks like a credential, or nothing of it if it looks like a patient."""
    return MASK if found(text) else CREDENTIALS.sub(MASK, text)


def publish(variable: str, text: str) -> None:
    """Append to the file that GitHub names in a variable; outside GitHub do nothing."""
    if os.environ.get(variable):
        with Path(os.environ[variable]).open("a") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())

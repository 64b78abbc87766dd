"""The schemas that are served: which packages they come from, and where they are kept."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engines.environments import CACHE, ROOT, environment

from . import bindings, wire

STORE = CACHE / "google_provider"
KINDS = ("resource_schemas", "data_source_schemas", "ephemeral_resource_schemas")

# The enumeration that Google's generator of the provider appends to a description.
# https://github.com/GoogleCloudPlatform/magic-modules/blob/main/mmv1/templates/terraform/schema_property.go.tmpl
POSSIBLE = re.compile(r'Possible values: \[((?:"[^"]*"(?:, )?)+)\]')
DEFAULT = re.compile(r'Default value: "([^"]*)"')
# What the API, or the provider, sets if nothing is configured. Prose, so only where the provider computes the value.
DEFAULT_OF_API = re.compile(r'[Dd]efaults to "([^"]*)"')
DEPRECATED = re.compile(r"\W*deprecated\b", re.IGNORECASE)
REPLACES = re.compile(
    r"[Cc]hang(?:ing|es?) [^.]{0,40}forces? (?:a )?(?:new|recreation)|^(?:Required\. |Optional\. )?Immutable\."
)


class DigestError(Exception):
    """A recovered schema is not the one that was recorded."""


@dataclass(frozen=True)
class Release:
    """A release of a provider, and the package that its schema is recovered from."""

    provider: str
    version: str
    package: str
    # Of the recovered, slimmed schema, as `canonical` writes it.
    digest: str

    @property
    def address(self) -> str:
        """The provider's source address."""
        return f"registry.terraform.io/hashicorp/{self.provider}"


RELEASES = {
    "aws": Release(
        "aws",
        "6.69.1",
        "cdktn-provider-aws==25.8.1",
        "1a0d75892e1af34c459c28f1722b3cdc47e5d864646ebe1c3f43e5681d476db3",
    ),
    "google": Release(
        "google",
        "8.7.0",
        "cdktn-provider-google==21.1.0",
        "5bc2122a6f36fe7f5ac345fbfb10aaab6cac748a3cf8ec0cc5b1af06a4f2ccf2",
    ),
    "time": Release(
        "time",
        "0.13.1",
        "cdktf-cdktf-provider-time==11.0.1",
        "ad7dd8f90a28b4f88faf6d0e7efcb529bdf0f56bf3129fb75cb1f6beb924a6f3",
    ),
}
# Has the version of the real provider that the recovery is compared with.
KNOWN = Release(
    "aws",
    "5.100.0",
    "cdktf-cdktf-provider-aws==20.1.0",
    "f039d444aa709b3d15ffb480f0b6e5fcae091b03d58949a3a2f6f08264f55f68",
)


def canonical(schema: dict[str, Any]) -> bytes:
    """A schema as JSON, always the same bytes for the same schema."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()


def slim(block: dict[str, Any], in_set: bool = False) -> dict[str, Any]:
    """A block without descriptions, with what only the descriptions tell.

    Attributes get `enum`, `default` (set where nothing is configured), `api_default` (what the API then sets) and
    `replaces` (a change forces a new resource).
    """
    attributes = {name: slim_attribute(name, each, in_set) for name, each in block.get("attributes", {}).items()}
    blocks = {
        name: each | {"block": slim(each["block"], in_set or each["nesting_mode"] == "set")}
        for name, each in block.get("block_types", {}).items()
    }
    return bindings.block_of(attributes, blocks)


def slim_attribute(name: str, attribute: dict[str, Any], in_set: bool) -> dict[str, Any]:
    """An attribute without its description, with what that tells."""
    slimmed = {key: value for key, value in attribute.items() if key != "description"}
    description, computed = attribute.get("description", ""), attribute.get("computed", False)
    if in_set and slimmed["type"] == "dynamic":
        # What CDK knows as `any`. Terraform rejects a whole provider for a set with a dynamic type in it.
        slimmed["type"] = "string"
    if name.endswith("_wo") and not computed:
        # Lost, but exactly these are write-only in both providers.
        slimmed["write_only"] = True
    configurable = not computed or attribute.get("optional")
    if configurable and (match := POSSIBLE.search(description)) and slimmed["type"] != "dynamic":
        slimmed["enum"] = re.findall(r'"([^"]*)"', match[1])
    if slimmed["type"] == "string" and configurable:
        if not computed and not attribute.get("required") and (match := DEFAULT.search(description)):
            slimmed["default"] = match[1]
        if computed and (match := DEFAULT_OF_API.search(description)):
            slimmed["api_default"] = match[1]
    if configurable and REPLACES.search(description):
        slimmed["replaces"] = True
    return slimmed


def slimmed(schema: dict[str, Any]) -> dict[str, Any]:
    """A recovered schema, every block slimmed."""

    def entry(recovered: dict[str, Any]) -> dict[str, Any]:
        return recovered | {"block": slim(recovered["block"])}

    return {kind: {name: entry(each) for name, each in schema[kind].items()} for kind in KINDS} | {
        "provider": entry(schema["provider"])
    }


def told_deprecated(block: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The paths of the attributes whose description begins with saying that they are deprecated."""
    for name, attribute in block.get("attributes", {}).items():
        if DEPRECATED.match(attribute.get("description", "")):
            yield prefix + name
    for name, nested in block.get("block_types", {}).items():
        yield from told_deprecated(nested["block"], f"{prefix}{name}.")


def run(*arguments: str) -> None:
    """Run the interpreter of the environment that the providers run in."""
    # -P: what lies in the current folder is not imported.
    command = [str(environment("google_provider").python), "-P", *arguments]
    subprocess.run(command, check=True, stdout=sys.__stderr__, env=os.environ | {"PYTHONPATH": str(ROOT)})


def download(package: str, folder: Path) -> Path:
    """The wheel of a pinned package, without what it depends on."""
    # The environment's own pip: the one that the tests run in may have been made without.
    pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "download", "--no-deps", "--dest", str(folder), package)
    return next(folder.glob("*.whl"))


def code_digest() -> str:
    """Stands for the code that makes what is stored."""
    folder = Path(__file__).parent
    return hashlib.sha256(
        b"".join((folder / f"{name}.py").read_bytes() for name in ("bindings", "schema", "wire"))
    ).hexdigest()


def stored(release: Release) -> Path:
    """The folder that holds a release's schema: schema.zip and the LICENSE of the package. Made if it is not yet there.

    Raises DigestError if the schema is not the recorded one.
    """
    directory = STORE / f"{release.provider}-{release.version}-{code_digest()[:12]}"
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / f"{release.provider}-{release.version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            print(f"Recovering the schema of {release.provider} {release.version} ...", file=sys.__stderr__)
            with tempfile.TemporaryDirectory(dir=STORE) as scratch:
                made = Path(scratch) / "made"
                made.mkdir()
                make(release, Path(scratch), made)
                for old in STORE.glob(f"{release.provider}-{release.version}-*"):
                    shutil.rmtree(old)
                made.rename(directory)
    return directory


def make(release: Release, scratch: Path, directory: Path) -> None:
    """Fill a folder as `stored` has it."""
    wheel = download(release.package, scratch)
    version, recovered = bindings.recover(wheel)
    schema = slimmed(recovered)
    digest = hashlib.sha256(canonical(schema)).hexdigest()
    if (version, digest) != (release.version, release.digest):
        raise DigestError(
            f"{release.package} gives {release.provider} {version} with the digest {digest}, not {release.version} "
            f"with {release.digest}. If the package or the recovery was changed on purpose, record the new digest."
        )
    (directory / "LICENSE").write_text(bindings.licence(wheel))
    run("-m", f"{__package__}.certificate", str(directory))
    with zipfile.ZipFile(directory / "schema.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        # What Terraform asks for at every start, ready to send.
        archive.writestr("schema.pb", wire.provider_schema(schema))
        archive.writestr("provider", canonical(schema["provider"]))
        for kind in KINDS:
            for name, entry in schema[kind].items():
                archive.writestr(f"{kind}/{name}", canonical(entry))
        # Beside the schemas: they are as the digests have them, what is deprecated is marked when they are sent.
        told = {kind: dict[str, list[str]]() for kind in KINDS}
        for kind in KINDS:
            for name, entry in recovered[kind].items():
                if paths := [*told_deprecated(entry["block"])]:
                    told[kind][name] = paths
        archive.writestr("deprecated", canonical(told))


class Schema:
    """A stored schema, read piece by piece."""

    def __init__(self, directory: Path) -> None:
        self.archive = zipfile.ZipFile(directory / "schema.zip")
        self.entries: dict[str, dict[str, Any]] = {}
        # Kind -> type -> paths: what the descriptions call deprecated.
        self.deprecated: dict[str, dict[str, list[str]]] = json.loads(self.archive.read("deprecated"))

    def message(self) -> bytes:
        """The response to GetSchema."""
        return self.archive.read("schema.pb")

    def types(self, kind: str) -> set[str]:
        """The names of all resources, data sources or ephemeral resources."""
        return {name.removeprefix(f"{kind}/") for name in self.archive.namelist() if name.startswith(f"{kind}/")}

    def entry(self, kind: str, name: str = "") -> dict[str, Any]:
        """The schema of one resource, data source or ephemeral resource, or of the provider: its version and block."""
        path = f"{kind}/{name}" if name else kind
        if path not in self.entries:
            self.entries[path] = json.loads(self.archive.read(path))
        return self.entries[path]

    def block(self, kind: str, name: str = "") -> dict[str, Any]:
        """The block of one resource, data source or ephemeral resource, or of the provider."""
        block: dict[str, Any] = self.entry(kind, name)["block"]
        return block

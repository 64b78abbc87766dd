"""What keeps the data of a domain or a region that is dropped, so that Terraform deletes nothing of it.

A domain keeps its contract, in contracts/retired/. A region keeps what Terraform made there, which Terraform forgets.
infra/terraform/README.md says how to bring either back, and how to delete it for good.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

RETIRED = Path("contracts") / "retired"
SUFFIX = ".odcs.yaml"
# As `terraform fmt` leaves the first line of a block.
BLOCK = re.compile(r'^(?:module "(?P<module>[\w-]+)"|resource "(?P<type>[\w-]+)" "(?P<name>[\w-]+)") \{', re.MULTILINE)
REMOVED = """\
removed {{
  from = {}

  lifecycle {{
    destroy = false
  }}
}}
"""


class RetainError(Exception):
    """Something dropped cannot be kept. The message says why and what to do."""


def retire_contract(repository: Path, domain: str, contract: str) -> Path:
    """Write the contract of a dropped domain to contracts/retired/, and return its path.

    contract: its text as it last stood. All of it stays byte for byte, except that its status becomes `retired`.
    Raises RetainError if the domain still has a contract, or has a retired one already.
    """
    name = f"{domain}{SUFFIX}"
    if (repository / RETIRED.parent / name).exists():
        raise RetainError(f"{RETIRED.parent}/{name} is there, so the domain is in use. Drop it first.")
    retired = repository / RETIRED / name
    start, end = status_of(contract, name)
    retired.parent.mkdir(parents=True, exist_ok=True)
    try:
        with retired.open("x", encoding="utf-8", newline="") as file:
            file.write(f"{contract[:start]}retired{contract[end:]}")
    except FileExistsError:
        raise RetainError(f"{RETIRED}/{name} is there already. If its data is gone, delete it first.") from None
    return retired


def status_of(contract: str, name: str) -> tuple[int, int]:
    """Where the value of the key `status` begins and ends in the text of a contract. Raises RetainError."""
    try:
        root = yaml.compose(contract, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise RetainError(f"{name}: no valid YAML: {error}") from error
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    for key, value in entries:
        if key.value == "status" and isinstance(value, yaml.ScalarNode) and value.value:
            return value.start_mark.index, value.end_mark.index
    raise RetainError(f"{name} has no `status`; every contract has one, such as status: active")


def removed_cell(cell: str, region: str) -> str:
    """The text of removed_<region>.tf, which lets Terraform forget what a dropped cell made and delete none of it.

    cell: the text of the cell's file as it last stood. Raises RetainError if that makes nothing.
    """
    addresses = list(addresses_of(cell))
    if not addresses:
        raise RetainError(f"The file of the cell {region} makes nothing. Give it as it stood before the region went.")
    heading = (
        f"# {region} was dropped. Its data, keys and logs stay as they are: Terraform forgets what it made there, and\n"
        "# deletes nothing. The README of infra/terraform says how to bring the region back, and how to delete it for\n"
        "# good.\n"
    )
    return "\n".join([heading, *(REMOVED.format(address) for address in addresses)])


def addresses_of(cell: str) -> Iterator[str]:
    """Address of each module and resource of a file, in its order."""
    for block in BLOCK.finditer(cell):
        yield f"module.{block['module']}" if block["module"] else f"{block['type']}.{block['name']}"

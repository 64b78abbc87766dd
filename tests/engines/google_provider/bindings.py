"""The schema of a Terraform provider, recovered from its CDK bindings.

The packages cdktn-provider-* and cdktf-cdktf-provider-* are generated from `terraform providers schema -json`. Each
folder of the JavaScript in their wheels is one resource, data source or ephemeral resource, or the provider itself. Its
code ends with an inline source map that holds the generated TypeScript, and that says of each attribute
`// name - computed: true, optional: false, required: false` and what type it has.

What the generator left out is lost: sensitive, deprecated, write-only, what forces a replacement, defaults, validators
other than those told in a description, and the largest number of blocks where it is more than one. See README.md.
"""

from __future__ import annotations

import base64
import json
import re
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

# A type of cty in JSON: "string", or ["list", "string"]. https://github.com/zclconf/go-cty/blob/main/docs/json.md
Type: TypeAlias = str | list[Any]
# A block as `terraform providers schema -json` has it: attributes and block_types.
Block: TypeAlias = dict[str, Any]

KINDS = {
    "TerraformResource": "resource_schemas",
    "TerraformDataSource": "data_source_schemas",
    "TerraformEphemeralResource": "ephemeral_resource_schemas",
    "TerraformProvider": "provider",
}
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}

CLASS = re.compile(r"^export class (\w+) extends cdkt[fn]\.(\w+) \{", re.M)
INTERFACE = re.compile(r"^export interface (\w+)(?: extends [^{]*)? \{\n(.*?)^\}", re.M | re.S)
PROPERTY = re.compile(r"^  (?:/\*\*\n(.*?)\*/\n  )?readonly \w+(\??): (.*?);$", re.M | re.S)
DOCUMENTED = re.compile(r"Docs at Terraform Registry: \{@link [^#\s}]*#([\w-]+) ")
# One attribute or block of a class, up to the next one.
MEMBER = re.compile(
    r"^  // ([\w-]+) - computed: (true|false), optional: (true|false), required: (true|false)\n"
    r"(.*?)(?=^  // [\w-]+ - computed: |^  // =====|^\}|\Z)",
    re.M | re.S,
)
NESTED = re.compile(r'^  private _\w+ = new (?:\w+\.)?(\w+)\(this, "([^"]+)"(?:, (true|false))?\);', re.M)
STORED = re.compile(r"^  private _\w+\?: (.*?); ?$", re.M)
GETTER = re.compile(r"^  public get \w+\(\) \{\n(?:\s*//[^\n]*\n)*\s*return (.*?);\n", re.M)
# How the members of a struct are written as HCL: `name: {value: …, isBlock: …, type: "set", storageClassType: …}`.
HCL = r'([\w-]+|"[^"]+"): \{{\n{0}  value: .*?,\n{0}  isBlock: (?:true|false),\n{0}  type: "(\w+)",\n'
HCL_MEMBER = re.compile(
    "^    " + HCL.format("    ") + r'      storageClassType: "([^"]+)",\n',
    re.M,
)
HCL_MEMBER_OF_TOP = re.compile(
    "^      " + HCL.format("      ") + r'        storageClassType: "([^"]+)",\n',
    re.M,
)
TO_HCL = re.compile(r"^export function (\w+)ToHclTerraform\((.*?)^\}", re.M | re.S)
TO_TERRAFORM = re.compile(r"^export function (\w+)ToTerraform\((.*?)^\}", re.M | re.S)

# What a getter returns, where nothing else tells the type.
GETTERS: Sequence[tuple[str, Type]] = (
    (r"this\.getStringAttribute\(", "string"),
    (r"this\.getNumberAttribute\(", "number"),
    (r"this\.getBooleanAttribute\(", "bool"),
    (r"cdkt[fn]\.Fn\.tolist\(this\.getListAttribute\(", ["set", "string"]),
    (r"cdkt[fn]\.Token\.asNumberList\(cdkt[fn]\.Fn\.tolist\(this\.getNumberListAttribute\(", ["set", "number"]),
    (r"this\.getListAttribute\(", ["list", "string"]),
    (r"this\.getNumberListAttribute\(", ["list", "number"]),
    (r"this\.getStringMapAttribute\(", ["map", "string"]),
    (r"this\.getNumberMapAttribute\(", ["map", "number"]),
    (r"this\.getBooleanMapAttribute\(", ["map", "bool"]),
    (r"this\.getAnyMapAttribute\(", ["map", "dynamic"]),
)
# The collections of the CDK library itself.
COLLECTIONS: dict[str, Type] = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
    "StringMapList": ["list", ["map", "string"]],
    "NumberMapList": ["list", ["map", "number"]],
    "BooleanMapList": ["list", ["map", "bool"]],
    "AnyMapList": ["list", ["map", "dynamic"]],
    "StringListList": ["list", ["list", "string"]],
    "NumberListList": ["list", ["list", "number"]],
    "StringListMap": ["map", ["list", "string"]],
}


class RecoveryError(Exception):
    """The bindings are not written as this module expects them."""


class Hint(NamedTuple):
    """How a member is written as HCL: simple, list, set, map or struct, and the class it is stored as."""

    kind: str
    storage: str

    def type(self) -> Type | None:
        """The type it stands for, if it is a plain attribute."""
        if self.kind == "simple":
            return PRIMITIVES.get(self.storage)
        # stringList, numberListMap: the innermost collection first.
        match = re.fullmatch(r"(string|number|boolean|any)((?:List|Map|Set)*)", self.storage)
        if match is None:
            return None
        inner: Type = PRIMITIVES[match[1]]
        for collection in re.findall(r"List|Map|Set", match[2])[:-1]:
            inner = [collection.lower(), inner]
        return [self.kind, inner]


class Flags(NamedTuple):
    """What the comment above a member says."""

    computed: bool
    optional: bool
    required: bool

    def as_schema(self) -> dict[str, bool]:
        """Those that are set, as Terraform's schema has them."""
        return {name: True for name in ("required", "optional", "computed") if getattr(self, name)}


class Documented(NamedTuple):
    """A property of an interface: its description, whether it may be left out, and its TypeScript type."""

    description: str
    optional: bool
    typescript: str


def typescript_type(text: str) -> Type | None:
    """The type that a TypeScript type of the bindings stands for, None for an interface."""
    text = re.sub(r"\s*\|\s*cdkt[fn]\.IResolvable$", "", text.strip()).strip()
    if text.startswith("(") and text.endswith(")"):
        return typescript_type(text[1:-1])
    if text in PRIMITIVES:
        return PRIMITIVES[text]
    for pattern, collection in (
        (r"(.*)\[\]", "list"),
        (r"Array<(.*)>", "list"),
        (r"\{ \[key: string\]: (.*) \}", "map"),
    ):
        if match := re.fullmatch(pattern, text):
            inner = typescript_type(match[1])
            return None if inner is None else [collection, inner]
    return None


def getter_type(expression: str) -> Type | None:
    """The type of what a getter returns."""
    return next((found for pattern, found in GETTERS if re.match(pattern, expression)), None)


def object_type(block: Block) -> Type:
    """The type of a value of a block."""
    members = {name: attribute["type"] for name, attribute in block.get("attributes", {}).items()}
    for name, nested in block.get("block_types", {}).items():
        inner, mode = object_type(nested["block"]), nested["nesting_mode"]
        members[name] = inner if mode == "single" else [mode, inner]
    return ["object", members]


def block_of(attributes: Block, blocks: Block) -> Block:
    """A block with only the keys that it needs."""
    return {key: value for key, value in (("attributes", attributes), ("block_types", blocks)) if value}


class Folder:
    """One folder of the bindings: a resource, a data source, an ephemeral resource or the provider."""

    def __init__(self, sources: Sequence[str]) -> None:
        source = "\n".join(sources)
        self.bodies: dict[str, str] = {}
        self.bases: dict[str, str] = {}
        for match in CLASS.finditer(source):
            self.bodies[match[1]] = source[match.end() : source.find("\n}\n", match.end()) + 2]
            self.bases[match[1]] = match[2]
        self.interfaces = {match[1]: match[2] for match in INTERFACE.finditer(source)}
        # Functions begin with a small letter, interfaces with a capital one.
        self.hints = {match[1].lower(): hints(HCL_MEMBER, match[2]) for match in TO_HCL.finditer(source)}
        self.mappers = {
            match[1].lower(): dict(re.findall(r"^    ([\w-]+): (.*?),$", match[2], re.M))
            for match in TO_TERRAFORM.finditer(source)
        }
        self.open: list[str] = []

    def schema(self) -> tuple[str, str, str, Block] | None:
        """The kind of the folder, its Terraform type, the provider's version and its block; None if it has none."""
        for name, base in self.bases.items():
            if base not in KINDS:
                continue
            body = self.bodies[name]
            kind = re.search(r'tfResourceType = "([^"]+)"', body)
            version = re.search(r"providerVersion: '([^']+)'", body)
            configuration = re.search(r"public constructor\(scope: Construct, id: string, config: (\w+)", body)
            if kind is None or version is None:
                raise RecoveryError(f"{name} does not tell its Terraform type or the version of its provider")
            _, _, as_hcl = body.partition("synthesizeHclAttributes()")
            as_terraform = re.search(r"synthesizeAttributes\(\)(.*?)^  \}", body, re.S | re.M)
            mappers = dict(re.findall(r"^      ([\w-]+): (.*?),$", as_terraform[1], re.M)) if as_terraform else {}
            interface = configuration[1] if configuration else f"{name}Config"
            block = self.block(name, interface, hints(HCL_MEMBER_OF_TOP, as_hcl), mappers)
            return KINDS[base], kind[1], version[1], block
        return None

    def documented(self, interface: str) -> dict[str, Documented]:
        """The properties of an interface by their Terraform name."""
        found = {}
        for comment, optional, typescript in PROPERTY.findall(self.interfaces.get(interface, "")):
            if match := DOCUMENTED.search(comment):
                text, _, _ = comment.partition("Docs at Terraform Registry")
                text = re.sub(r"^\s*\* ?", "", text, flags=re.M).strip()
                found[match[1]] = Documented(text, optional == "?", typescript)
        return found

    def block(self, name: str, interface: str, hinted: dict[str, Hint], mappers: dict[str, str]) -> Block:
        """The block that a class of that name stands for."""
        attributes: Block = {}
        blocks: Block = {}
        documented = self.documented(interface)
        for member, computed, optional, required, code in MEMBER.findall(self.bodies[name]):
            flags = Flags(computed == "true", optional == "true", required == "true")
            description = documented[member].description if member in documented else ""
            stored = STORED.search(code)
            if nested := NESTED.search(code):
                member, from_set = nested[2], nested[3] == "true"
                if nested[1] in COLLECTIONS:
                    attributes[member] = attribute(as_set(COLLECTIONS[nested[1]], from_set), flags, description)
                elif (shape := self.shape(nested[1], from_set, hinted.get(member))) is None:
                    continue
                elif is_block(member, flags, description, mappers.get(member, "")):
                    blocks[member] = block_type(shape, flags, without_block_note(member, description))
                else:
                    attributes[member] = attribute(shape.type(), flags, description)
            elif (
                stored
                and (match := re.match(r"(\w+)(\[\])?(?: \| cdkt[fn]\.IResolvable)?$", stored[1]))
                and (match[1] in self.interfaces)
            ):
                blocks[member] = self.provider_block(match[1], match[2] is None, hinted.get(member))
            else:
                attributes[member] = attribute(plain_type(code, stored, hinted.get(member)), flags, description)
        return block_of(attributes, blocks)

    def shape(self, name: str, from_set: bool, hint: Hint | None) -> Shape | None:
        """How the class of a nested value nests, None if it nests in itself."""
        if self.bases[name] in ("ComplexList", "ComplexMap"):
            mode = "map" if self.bases[name] == "ComplexMap" else "set" if from_set else "list"
            item = re.search(r"return new (?:\w+\.)?(\w+)\(this\.terraformResource", self.bodies[name])
            if item is None or self.bases[item[1]] in ("ComplexList", "ComplexMap"):
                raise RecoveryError(f"{name} has no class for its items")
            item_class, only_one = item[1], False
        else:
            # super(…, false, 0): a list or set of at most one. super(…, false): nesting mode single.
            arguments = re.search(
                r"super\(terraformResource, terraformAttribute, (true|false)(?:, (\w+))?\)", self.bodies[name]
            )
            item_class, only_one = name, arguments is not None and arguments[2] is not None
            in_set = arguments is not None and arguments[1] == "true"
            mode = "single" if not only_one else "set" if in_set or (hint and hint.kind == "set") else "list"
        if item_class in self.open:
            # cdktn writes a recursive structure as one class. Terraform has no recursive types: the schema has it to
            # some depth. Cut here, at the first level.
            return None
        self.open.append(item_class)
        interface = item_class.removesuffix("OutputReference")
        key = interface.lower()
        inner = self.block(item_class, interface, self.hints.get(key, {}), self.mappers.get(key, {}))
        self.open.pop()
        return Shape(mode, only_one, inner)

    def provider_block(self, interface: str, only_one: bool, hint: Hint | None) -> Block:
        """A block of the provider's configuration, which has an interface and no class."""
        hinted = self.hints.get(interface.lower(), {})
        attributes = {}
        for name, property_ in self.documented(interface).items():
            found = hinted[name].type() if name in hinted else None
            flags = Flags(False, property_.optional, not property_.optional)
            type_ = found or typescript_type(property_.typescript)
            if type_ is None:
                raise RecoveryError(f"{interface}.{name}: {property_.typescript} is no type that this module knows")
            attributes[name] = attribute(type_, flags, property_.description)
        mode = hint.kind.replace("struct", "single") if hint else "list"
        block: Block = {"nesting_mode": mode, "block": {"attributes": attributes}}
        return block | {"max_items": 1} if only_one else block


class Shape(NamedTuple):
    """A nested value: how it nests, whether there is one at most, and what is in it."""

    mode: str
    only_one: bool
    block: Block

    def type(self) -> Type:
        """The type of the nested value."""
        inner = object_type(self.block)
        return inner if self.mode == "single" else [self.mode, inner]


def hints(pattern: re.Pattern[str], code: str) -> dict[str, Hint]:
    """The hints in the code that writes a struct as HCL."""
    return {name.strip('"'): Hint(kind, storage) for name, kind, storage in pattern.findall(code)}


def as_set(type_: Type, from_set: bool) -> Type:
    """A list, read as the set that it stands for. The bindings have only lists."""
    return ["set", type_[1]] if from_set and isinstance(type_, list) and type_[0] == "list" else type_


def plain_type(code: str, stored: re.Match[str] | None, hint: Hint | None) -> Type:
    """The type of an attribute that is no class of its own, from the code below its comment."""
    getter = GETTER.search(code)
    found = hint.type() if hint else None
    if found is None and stored:
        found = typescript_type(stored[1])
    if found is None and getter:
        found = getter_type(getter[1])
    return as_set(found or "dynamic", getter is not None and "Fn.tolist(" in getter[1])


def is_block(name: str, flags: Flags, description: str, mapper: str) -> bool:
    """Whether a nested value is a block, not an attribute that holds objects."""
    if flags.computed:
        return False
    if match := re.search(r"listMapper\([\w.]+, (true|false)\)", mapper):
        return match[1] == "true"
    # A block without flags is the framework's. What is optional or required, and no list, says so in its description.
    return description.endswith(f"{name} block") or not (flags.optional or flags.required)


def without_block_note(name: str, description: str) -> str:
    """A block's description without the generator's note that it is one."""
    return description.removesuffix(f"{name} block").strip()


def attribute(type_: Type, flags: Flags, description: str) -> Block:
    """An attribute as Terraform's schema has it."""
    described = {"description": description} if description else {}
    return {"type": type_} | described | flags.as_schema()


def block_type(shape: Shape, flags: Flags, description: str) -> Block:
    """A block as Terraform's schema has it below block_types."""
    counted = shape.mode in ("list", "set")
    described = {"description": description} if description else {}
    return (
        {"nesting_mode": shape.mode, "block": shape.block | described}
        | ({"max_items": 1} if counted and shape.only_one else {})
        | ({"min_items": 1} if counted and flags.required else {})
    )


def typescript(javascript: str) -> str:
    """The TypeScript that a JavaScript file was compiled from, out of its inline source map."""
    start = javascript.rfind("sourceMappingURL=data:application/json;")
    if start < 0:
        raise RecoveryError("a file has no inline source map")
    encoded = javascript[javascript.index("base64,", start) + len("base64,") :].split("\n", 1)[0]
    source: str = json.loads(base64.b64decode(encoded))["sourcesContent"][0]
    return source


def files(wheel: Path) -> Iterator[tuple[Path, str]]:
    """The JavaScript files of the bindings in a wheel, paths from the folder `lib` on."""
    with zipfile.ZipFile(wheel) as package:
        inner = next(name for name in package.namelist() if name.endswith(".jsii.tgz"))
        with package.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
            for member in archive:
                _, found, path = member.name.partition("/lib/")
                if found and member.isfile() and path.endswith(".js"):
                    content = archive.extractfile(member)
                    assert content is not None
                    yield Path(path), content.read().decode()


def recover(wheel: Path) -> tuple[str, Block]:
    """The provider's version, and its schema in the form that `terraform providers schema -json` gives one provider."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path, code in files(wheel):
        # index.js has the resource; structs*.js below index-structs have what did not fit.
        if (len(path.parts) == 2 and path.name == "index.js") or (
            len(path.parts) > 2 and path.stem.startswith("structs")
        ):
            folders[path.parts[0]].append(typescript(code))
    schema: Block = {kind: {} for kind in KINDS.values()}
    version = ""
    for name in sorted(folders):
        if (found := Folder(folders[name]).schema()) is None:
            # The folder of the provider's functions.
            continue
        kind, terraform_type, version, block = found
        if kind == "provider":
            # A meta-argument of Terraform, not of the provider.
            block["attributes"].pop("alias", None)
            schema[kind] = {"version": 0, "block": block}
        else:
            schema[kind][terraform_type] = {"version": 0, "block": block}
    return version, schema


def licence(wheel: Path) -> str:
    """The licence text of the package, which holds for the schema recovered from it."""
    with zipfile.ZipFile(wheel) as package:
        name = next(name for name in package.namelist() if re.search(r"\.dist-info/(licenses/)?LICENSE$", name))
        return package.read(name).decode()

"""Pictures of the mesh in SVG, drawn for the page: its colours, and links that the keyboard reaches.

Lengths are in pixels of the picture at its full size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from zlib import crc32

from mesh import Mesh

# Height of a line of text, and about how wide a letter is.
LINE = 18
LETTER = 7.9
PADDING = 12


@dataclass(frozen=True)
class Box:
    """A rectangle with lines of text, the first of them its name."""

    x: float
    y: float
    width: float
    lines: Sequence[str]
    kind: str
    link: str | None = None

    @property
    def height(self) -> float:
        return LINE * len(self.lines) + PADDING

    @property
    def left(self) -> tuple[float, float]:
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height


@dataclass
class Picture:
    """A picture while it is drawn. `title` says to those who cannot see it what it shows."""

    title: str
    # What lies behind edges, the edges with whether they end in an arrow, and what lies before them.
    frames: list[str] = field(default_factory=list)
    edges: list[tuple[str, bool]] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    width: float = 0
    height: float = 0

    def box(self, box: Box) -> Box:
        """Draw a box."""
        self._grow(box.x + box.width, box.y + box.height)
        lines = "".join(
            f'<text x="{box.x + PADDING:g}" y="{box.y + PADDING / 2 + LINE * (number + 0.72):g}"'
            f"{'' if number else ' class=name'}>{escape(line)}</text>"
            for number, line in enumerate(box.lines)
        )
        drawn = (
            f'<g class="box {box.kind}"><rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}"'
            f' height="{box.height:g}" rx="6"/>{lines}</g>'
        )
        self.boxes.append(f'<a href="{escape(box.link)}">{drawn}</a>' if box.link else drawn)
        return box

    def frame(self, x: float, y: float, width: float, height: float, name: str, kind: str) -> None:
        """Draw what stands around boxes."""
        self._grow(x + width, y + height)
        self.frames.append(
            f'<g class="frame {kind}"><rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"/>'
            f'<text x="{x + PADDING:g}" y="{y + LINE + 2:g}">{escape(name)}</text></g>'
        )

    def edge(
        self, start: tuple[float, float], end: tuple[float, float], arrow: bool = True, upright: bool = False
    ) -> None:
        """Draw a curve, which leaves and arrives level, or upright."""
        (x, y), (to_x, to_y) = start, end
        if upright:
            middle = (y + to_y) / 2
            curve = f"M{x:g},{y:g} C{x:g},{middle:g} {to_x:g},{middle:g} {to_x:g},{to_y:g}"
        else:
            middle = (x + to_x) / 2
            curve = f"M{x:g},{y:g} C{middle:g},{y:g} {middle:g},{to_y:g} {to_x:g},{to_y:g}"
        self.edges.append((curve, arrow))

    def text(self, x: float, y: float, words: str) -> None:
        """Write a heading."""
        self._grow(x + LETTER * len(words), y)
        self.boxes.append(f'<text class="heading" x="{x:g}" y="{y:g}">{escape(words)}</text>')

    def svg(self) -> str:
        """The picture, in a region of its own that scrolls where the window is narrow."""
        width, height = round(self.width + PADDING), round(self.height + PADDING)
        title = escape(self.title)
        # An id of its own for each picture of a page.
        arrow = f"arrow-{crc32(self.title.encode()):x}"
        tips = {True: f' marker-end="url(#{arrow})"', False: ""}
        edges = "".join(f'<path class="edge" d="{curve}"{tips[tip]}/>' for curve, tip in self.edges)
        return (
            f'<div class="mesh-picture" role="region" tabindex="0" aria-label="{title}">'
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="group" aria-label="{title}">'
            f'<defs><marker id="{arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
            ' orient="auto"><path d="M0,0.5 L7.5,4 L0,7.5 z"/></marker></defs>'
            f"{''.join(self.frames)}{edges}{''.join(self.boxes)}</svg></div>"
        )

    def _grow(self, x: float, y: float) -> None:
        self.width, self.height = max(self.width, x), max(self.height, y)


def flow(mesh: Mesh) -> str:
    """How data gets from the landing zone to its readers."""
    home = mesh.shape["cells"][0]
    entities, products = len(mesh.staging), len(mesh.products)
    picture = Picture(
        "Data flow: source systems write to landing buckets in AWS, BigQuery Omni reads them in place, dbt builds"
        " staging tables and marts in BigQuery, and readers see them masked or in clear"
    )
    cells = "" if len(mesh.shape["cells"]) == 1 else " and so in each cell"
    picture.frame(0, 0, 212, 216, f"AWS, {home['aws_region']}", "aws")
    picture.frame(236, 0, 212, 216, f"Omni, {home['omni_location']}", "omni")
    picture.frame(472, 0, 376, 216, f"BigQuery, {home['bigquery_region']}{cells}", "google")
    landing = picture.box(
        Box(
            12,
            40,
            188,
            [
                _count(products, "landing bucket"),
                "one per domain",
                f"{mesh.shape['landing_format']} files by day",
                "kept as versions",
            ],
            "aws",
        )
    )
    external = picture.box(
        Box(
            248,
            40,
            188,
            [_count(entities, "external table"), "one per entity", "read in place,", "nothing is copied"],
            "omni",
        )
    )
    staging = picture.box(
        Box(
            484,
            40,
            164,
            [_count(entities, "staging table"), "typed, tested,", "latest version", "of each record"],
            "google",
        )
    )
    marts = picture.box(
        Box(
            672,
            40,
            164,
            [_count(len(mesh.marts), "mart"), "joined over domains,", "owned by the", "data platform"],
            "google",
        )
    )
    keys = picture.box(Box(12, 146, 188, ["Key in AWS KMS", "versions, access logs"], "guard"))
    tags = picture.box(Box(248, 146, 188, ["Policy tags", "masks on identifiers"], "guard"))
    picture.box(
        Box(484, 146, 352, ["Policy tags, keys in Cloud KMS, audit logs", "masks, before any row is seen"], "guard")
    )
    for box, guarded in ((keys, landing), (tags, external)):
        picture.edge(box.top, guarded.bottom, arrow=False, upright=True)
    sources = picture.box(Box(12, 246, 188, ["Source systems", "deliver day by day"], "people"))
    airflow = picture.box(
        Box(
            248, 246, 400, ["Airflow in Cloud Composer", "registers the tables, runs dbt, watches what lands"], "people"
        )
    )
    readers = picture.box(Box(672, 246, 164, ["Readers", "masked, or in clear"], "people"))
    for start, end in ((landing, external), (external, staging), (staging, marts)):
        picture.edge(start.right, end.left)
    picture.edge(sources.top, (sources.top[0], 216), upright=True)
    picture.edge((tags.top[0], airflow.y), (tags.top[0], 216), upright=True)
    picture.edge((staging.top[0], airflow.y), (staging.top[0], 216), upright=True)
    picture.edge((readers.top[0], 216), readers.top, upright=True)
    return picture.svg()


def cells(mesh: Mesh) -> str:
    """Where the data of each environment is."""
    shape = mesh.shape
    picture = Picture(
        "Cells: "
        + "; ".join(
            f"{environment['name']} in {', '.join(cell['aws_region'] for cell in shape['cells'])}"
            for environment in shape["environments"]
        )
    )
    y: float = 0
    for environment in shape["environments"]:
        height = 34 + len(shape["cells"]) * 66
        picture.frame(0, y, 704, height, environment["name"], "plain")
        picture.text(130, y + LINE + 2, f"AWS account {environment['aws_account']}")
        picture.text(400, y + LINE + 2, f"GCP project {environment['gcp_project']}")
        for number, cell in enumerate(shape["cells"]):
            top = y + 34 + number * 66
            home = ["home"] if number == 0 and len(shape["cells"]) > 1 else []
            name = " ".join([cell["aws_region"], *(f"({word})" for word in home)])
            replica = (
                [f"replicated to {cell['replica_region']}"] if "replica_region" in cell else ["landing zone in S3"]
            )
            landing = picture.box(Box(14, top, 216, [name, *replica], "aws"))
            omni = picture.box(Box(244, top, 216, [cell["omni_location"], "BigQuery Omni"], "omni"))
            curated = picture.box(
                Box(
                    542,
                    top,
                    220,
                    [cell["bigquery_region"], "BigQuery and Composer" if not number else "BigQuery"],
                    "google",
                )
            )
            picture.edge(landing.right, omni.left)
            picture.edge(omni.right, curated.left)
        y += height + 16
    return picture.svg()


def identities(mesh: Mesh) -> str:
    """Who becomes whom, and may what."""
    picture = Picture(
        "Identities: who becomes which role or service account, and what it may do. The table below says the same"
    )
    for x, heading in ((0, "who"), (356, "becomes"), (690, "and may")):
        picture.text(x + 2, 14, heading)
    y: float = 26
    for identity in mesh.shape["identities"]:
        lines = identity["become"]
        taken = max(2, len(lines)) * LINE + PADDING
        who = picture.box(Box(0, y, 316, [identity["who"], identity["by"]], "people"))
        role = picture.box(Box(356, y, 294, lines, "aws" if lines[0].startswith("role") else "google"))
        may = picture.box(Box(690, y, 292, [identity["may"]], "plain"))
        picture.edge(who.right, role.left)
        picture.edge(role.right, may.left)
        y += taken + 14
    return picture.svg()


def lineage(mesh: Mesh, models: Collection[str], link: Callable[[str, str], str], name: str) -> str:
    """From the landing buckets over staging tables to the marts, of some models.

    link(kind, name) is the address of the page of a product or mart, as seen from the page.
    """
    shown = [model for model in models if model in mesh.inputs]
    domains: dict[str, list[str]] = defaultdict(list)
    for model in sorted(model for model in shown if model in mesh.staging):
        domains[mesh.staging[model][0].domain].append(model)
    picture = Picture(name)
    widths = [
        max([len(domain) for domain in domains] + [12]) * LETTER + 2 * PADDING,
        max([len(model) for model in shown if model in mesh.staging] + [12]) * LETTER + 2 * PADDING,
        max([len(model) for model in shown if model not in mesh.staging] + [8]) * LETTER + 2 * PADDING,
    ]
    gap = 84
    boxes: dict[str, Box] = {}
    picture.text(2, 14, "landing bucket")
    picture.text(widths[0] + gap + 2, 14, "staging table")
    y: float = 26
    for domain, members in sorted(domains.items()):
        staged = []
        top = y
        for model in members:
            staged.append(Box(widths[0] + gap, y, widths[1], [model], "google", link("product", domain)))
            boxes[model] = staged[-1]
            y += LINE + PADDING + 8
        middle = (top + y - 8) / 2 - (LINE + PADDING) / 2
        bucket = picture.box(Box(0, middle, widths[0], [domain], "aws"))
        for box in staged:
            picture.box(box)
            picture.edge(bucket.right, box.left)
        y += 6
    # A mart stands behind whatever it reads, in the order of where that stands.
    depths = _depths({model: [read for read in mesh.inputs[model] if read in shown] for model in shown}, boxes)
    x = widths[0] + widths[1] + 2 * gap
    height = max(y, 40)
    for depth in range(1, max(depths.values(), default=0) + 1):
        column = [model for model, at in depths.items() if at == depth]
        column.sort(key=lambda model: (_middle([boxes[read] for read in mesh.inputs[model] if read in boxes]), model))
        picture.text(x + 2, 14, "mart")
        step = max((height - 26) / len(column), LINE + PADDING + 8)
        for number, model in enumerate(column):
            top = 26 + step * (number + 0.5) - (LINE + PADDING) / 2
            boxes[model] = picture.box(Box(x, top, widths[2], [model], "mart", link("mart", model)))
        for model in column:
            for read in mesh.inputs[model]:
                if read in boxes:
                    picture.edge(boxes[read].right, boxes[model].left)
        x += widths[2] + gap
    return picture.svg()


def _depths(inputs: Mapping[str, Sequence[str]], placed: Mapping[str, Any]) -> dict[str, int]:
    """Model that is not placed -> how many others stand before it."""
    depths: dict[str, int] = {}

    def depth(model: str) -> int:
        if model in placed:
            return 0
        if model not in depths:
            depths[model] = 1 + max((depth(read) for read in inputs[model]), default=0)
        return depths[model]

    for model in sorted(inputs):
        depth(model)
    return depths


def _middle(boxes: Sequence[Box]) -> float:
    return sum(box.left[1] for box in boxes) / len(boxes) if boxes else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

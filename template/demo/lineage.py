"""The mesh as a picture: landing zone, staging and marts, each node with its place and each edge with its course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from charts import shortened

Stage = Literal["landing", "staging", "marts"]


@dataclass(frozen=True)
class Part:
    """What the picture shows as one node. `group` joins the parts of the first two stages that stand together."""

    id: str
    stage: Stage
    name: str
    group: str
    note: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Form:
    """Measures of the picture at a width: where each stage begins, and how wide its nodes are."""

    name: str
    width: float
    columns: Mapping[Stage, tuple[float, float]]
    advance: float
    row: float = 24.0
    gap: float = 10.0
    # Room for the heading of each stage.
    head: float = 26.0
    # Whether a group begins with a row for its first stage, above the rows of its second.
    stacked: bool = False


WIDE = Form("wide", 1120, {"landing": (0, 210), "staging": (290, 300), "marts": (800, 320)}, 7.0)
NARROW = Form("narrow", 358, {"landing": (0, 158), "staging": (12, 146), "marts": (204, 154)}, 5.9, stacked=True)
FORMS = (WIDE, NARROW)


@dataclass(frozen=True)
class Node:
    """A part with its place."""

    part: Part
    x: float
    y: float
    width: float
    height: float
    name: str
    note: str


@dataclass(frozen=True)
class Edge:
    """What flows from one part to another, drawn along a path."""

    source: str
    target: str
    path: str


@dataclass(frozen=True)
class Picture:
    """All nodes and edges in one form."""

    form: Form
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def headings(self) -> list[tuple[float, str]]:
        """Where each column begins, and what it holds."""
        titles: dict[Stage, str] = {"landing": "Landing zones", "staging": "Staging", "marts": "Marts"}
        stages = [stage for stage in titles if any(node.part.stage == stage for node in self.nodes)]
        if self.form.stacked:
            titles["landing"] = "Landing zones and staging"
            stages = [stage for stage in stages if stage != "staging"]
        return [(self.form.columns[stage][0], titles[stage]) for stage in stages]


def draw(parts: Sequence[Part], edges: Sequence[tuple[str, str]], form: Form) -> Picture:
    """Give every part a place and every edge (from, to) a course.

    Groups stand one below the other, in the order in which they come. Each mart stands as near as it can to the middle
    of what it reads, so that edges are short and cross seldom.
    """
    nodes: dict[str, Node] = {}
    y = form.head
    for group in dict.fromkeys(part.group for part in parts if part.stage != "marts"):
        members = [part for part in parts if part.group == group]
        landing = next((part for part in members if part.stage == "landing"), None)
        staging = [part for part in members if part.stage == "staging"]
        top = y
        if landing and form.stacked:
            y += form.row
        for part in staging:
            nodes[part.id] = _placed(part, y, form)
            y += form.row
        y = max(y, top + form.row)
        if landing:
            height = form.row if form.stacked else y - top
            nodes[landing.id] = _placed(landing, top, form, height)
        y += form.gap
    height = _place_marts([part for part in parts if part.stage == "marts"], edges, nodes, y - form.gap, form)
    return Picture(
        form,
        height,
        tuple(nodes[part.id] for part in parts),
        tuple(Edge(source, target, _course(nodes[source], nodes[target], form)) for source, target in edges),
    )


def _place_marts(
    marts: Sequence[Part], edges: Sequence[tuple[str, str]], nodes: dict[str, Node], height: float, form: Form
) -> float:
    """Place the marts and return the height of the whole picture."""
    inputs: dict[str, list[str]] = {}
    for source, target in edges:
        inputs.setdefault(target, []).append(source)
    pitch = form.row + form.gap
    ids = {part.id for part in marts}

    @cache
    def middle(mart: str) -> float:
        """The middle of what a mart reads; a mart that it reads stands at its own."""
        rows = [nodes[id].y if id in nodes else middle(id) for id in inputs.get(mart, ()) if id in nodes or id in ids]
        return sum(rows) / len(rows) if rows else height

    ordered = sorted(marts, key=lambda part: (middle(part.id), part.name))
    floor = form.head
    places: list[float] = []
    for index, part in enumerate(ordered):
        # Leave room below for those that follow.
        lowest = max(height, form.head + len(marts) * pitch - form.gap) - (len(ordered) - index) * pitch + form.gap
        places.append(max(floor, min(middle(part.id), lowest)))
        floor = places[-1] + pitch
    for part, y in zip(ordered, places, strict=True):
        nodes[part.id] = _placed(part, y, form)
    return max(height, places[-1] + form.row if places else 0.0)


def _placed(part: Part, y: float, form: Form, height: float | None = None) -> Node:
    x, width = form.columns[part.stage]
    note = shortened(part.trouble or part.note, width / 2, form.advance)
    name = shortened(part.name, width - 18 - (len(note) + 1) * form.advance, form.advance)
    return Node(part, x, y, width, (height or form.row) - 2, name, note)


def _course(source: Node, target: Node, form: Form) -> str:
    """From the right edge of one node to the left edge of the other, or around where they share a column."""
    y1, y2 = source.y + min(source.height, form.row) / 2, target.y + min(target.height, form.row) / 2
    if form.stacked and source.part.stage == "landing" and target.part.stage == "staging":
        return f"M{target.x - 7:.1f} {source.y + source.height:.1f}V{y2:.1f}H{target.x:.1f}"
    x1, x2 = source.x + source.width, target.x
    if source.part.stage == "landing" and source.part.group == target.part.group:
        y1 = y2
    if source.part.stage == target.part.stage:
        side = source.x - 16
        return f"M{source.x:.1f} {y1:.1f}C{side:.1f} {y1:.1f} {side:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    middle = (x1 + x2) / 2
    return f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"

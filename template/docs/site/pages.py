"""The pages that are made of contracts and of dbt's manifest: catalogue, marts, lineage, PHI map, home."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import cost
import diagrams
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from mesh import CLASSES, Column, Entity, Mesh, Product

MARKDOWN = MarkdownIt("commonmark").enable("table")
TEMPLATES = Path(__file__).with_name("pages")

HOME = "index.md"
CATALOGUE = "catalogue/index.md"
PRODUCT = "catalogue/{}.md"
MARTS = "marts/index.md"
MART = "marts/{}.md"
LINEAGE = "catalogue/lineage.md"
COLUMNS = "catalogue/columns.md"
COST = "docs/cost.md"
PHI_MAP = "protection/phi-map.md"

# What a page of the repository may show by name.
PICTURES = {"flow": diagrams.flow, "cells": diagrams.cells, "identities": diagrams.identities}

CLASS_NAMES = {name: name.replace("_", " ") for name in CLASSES}
# What a reader without clearance sees: https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options
MASKS = {
    "sha256": "a hash (SHA-256)",
    "date_year_mask": "its year",
    "default_masking_value": "the default of its type",
    "always_null": "null",
    "email_mask": "its domain",
    "first_four_characters": "its first four letters",
    "last_four_characters": "its last four letters",
}


def generated(mesh: Mesh) -> dict[str, str]:
    """Path of a page -> its text in Markdown."""
    pages = {
        HOME: _page("home.md", HOME, mesh=mesh, picture=diagrams.flow(mesh)),
        CATALOGUE: _page("catalogue.md", CATALOGUE, mesh=mesh),
        LINEAGE: _page(
            "lineage.md",
            LINEAGE,
            mesh=mesh,
            picture=_lineage(mesh, list(mesh.inputs), LINEAGE, "Lineage of the whole mesh"),
        ),
        COLUMNS: _page("columns_index.md", COLUMNS, columns=_places(mesh)),
        PHI_MAP: _page("phi_map.md", PHI_MAP, mesh=mesh, identifiers=_identifiers(mesh)),
    }
    histories = sorted({365, mesh.shape["retention_days"]})
    pages[COST] = _page(
        "cost.md",
        COST,
        volumes=mesh.cost["volumes"],
        days=cost.days(mesh),
        months={history: cost.month(mesh, history) for history in histories},
    )
    if mesh.marts:
        pages[MARTS] = _page("marts.md", MARTS, mesh=mesh)
    for product in mesh.products:
        path = PRODUCT.format(product.domain)
        models = {entity.model for entity in product.entities}
        around = models | set(mesh.downstream(models))
        marts = [mart for mart in mesh.marts if mart.name in around]
        pages[path] = _page(
            "product.md",
            path,
            mesh=mesh,
            product=product,
            marts=marts,
            quality=mesh.outcome(models),
            queries={entity.name: sample_query(product, entity) for entity in product.entities},
            picture=_lineage(mesh, around, path, f"Lineage of {product.title}"),
        )
    for mart in mesh.marts:
        path = MART.format(mart.name)
        pages[path] = _page(
            "mart.md",
            path,
            mesh=mesh,
            mart=mart,
            quality=mesh.outcome([mart.name]),
            picture=_lineage(mesh, mesh.upstream(mart.name), path, f"Lineage of {mart.name}"),
        )
    return pages


def inset(mesh: Mesh, kind: str, name: str) -> str:
    """What a page of the repository shows in the place of <!-- picture: name --> or <!-- table: name -->."""
    if kind == "table":
        return _page(f"{name}.md", name, mesh=mesh).strip()
    return "```{raw} html\n" + PICTURES[name](mesh) + "\n```"


def address(page: str, target: str, suffix: str = ".md") -> str:
    """The address of a page, as seen from another."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".").removesuffix(".md") + suffix


def escaped(text: object) -> str:
    """Text that Markdown shows as it is, in a paragraph and in a table."""
    return (
        re.sub(r"([\\`*_\[\]{}|#$~!@^])", r"\\\1", " ".join(str(text).split()))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
    )


def coded(text: object) -> str:
    """Text as code, in a paragraph and in a table."""
    plain = " ".join(str(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    space = " " if "`" in plain else ""
    return f"{fence}{space}{plain}{space}{fence}".replace("|", r"\|")


def linked(name: object, url: str) -> str:
    """A name that leads to a page of the web; some standards have an address that is none."""
    return f"[{escaped(name)}]({url})" if url.startswith("http") else f"{escaped(name)} ({coded(url)})"


def with_html_tables(text: str) -> str:
    """A page whose tables are HTML already: docutils makes several objects of a cell, a third of what a build costs."""
    lines, tokens = text.split("\n"), MARKDOWN.parse(text)
    for start, opened in reversed(list(enumerate(tokens))):
        if opened.type != "table_open" or opened.map is None:
            continue
        end = next(number for number in range(start, len(tokens)) if tokens[number].type == "table_close")
        table = tokens[start : end + 1]
        for part in (part for token in table for part in token.children or ()):
            if part.type == "link_open":
                part.attrs["href"] = re.sub(r"^([^:#]+)\.md(?=#|$)", r"\1.html", str(part.attrs["href"]))
            elif part.type == "code_inline":
                part.attrs["class"] = "literal"
        opened.attrs["class"] = "table"
        html = MARKDOWN.renderer.render(table, MARKDOWN.options, {})
        first, after = opened.map
        lines[first:after] = ["```{raw} html", f'<div class="pst-scrollable-table-container">\n{html}</div>', "```"]
    return "\n".join(lines)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # Pages are Markdown, for which `escaped` and `coded` escape.
        autoescape=select_autoescape(enabled_extensions=(), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(escaped=escaped, coded=coded, linked=linked)
    return environment


def _page(template: str, path: str, **values: Any) -> str:
    text = (
        _templates()
        .get_template(f"{template}.j2")
        .render(
            values,
            link=lambda target: address(path, target),
            product_page=lambda domain: address(path, PRODUCT.format(domain)),
            mart_page=lambda name: address(path, MART.format(name)),
            class_names=CLASS_NAMES,
            classes=CLASSES,
            masks=MASKS,
            pages={"catalogue": CATALOGUE, "marts": MARTS, "lineage": LINEAGE, "columns": COLUMNS, "phi_map": PHI_MAP},
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text)


def _lineage(mesh: Mesh, models: Any, path: str, name: str) -> str:
    pages = {"product": PRODUCT, "mart": MART}
    return diagrams.lineage(mesh, models, lambda kind, target: address(path, pages[kind].format(target), ".html"), name)


def sample_query(product: Product, entity: Entity) -> str:
    """A query that reads a week of an entity, as an analyst would begin."""
    _, server = product.servers[0]
    columns = [column.name for column in entity.columns if column.required][:6]
    return (
        f"select {', '.join(columns)}\n"
        f"from `{server['project']}.{server['dataset']}.{entity.model}`\n"
        "where landed_date >= date_sub(current_date(), interval 7 day)\n"
        "limit 100"
    )


def _places(mesh: Mesh) -> dict[str, list[tuple[str, str]]]:
    """Column -> what holds it, and the address of its page."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for product in mesh.products:
        for entity, column in product.columns:
            places[column.name].append((entity.name, address(COLUMNS, PRODUCT.format(product.domain))))
    for mart in mesh.marts:
        for column in mart.columns:
            places[column.name].append((mart.name, address(COLUMNS, MART.format(mart.name))))
    return places


def _identifiers(mesh: Mesh) -> dict[str, list[tuple[Product, Entity, Column]]]:
    """Kind of identifier -> the columns that hold it."""
    kinds: dict[str, list[tuple[Product, Entity, Column]]] = defaultdict(list)
    for product in mesh.products:
        for entity, column in product.columns:
            if column.classification in CLASSES[:2]:
                kinds[column.identifier or "unnamed"].append((product, entity, column))
    return dict(sorted(kinds.items()))

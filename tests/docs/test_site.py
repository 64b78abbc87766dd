"""The documentation of a generated repository, as files."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.docs.documentation import Documentation, Page
from tests.engines.environments import Environment
from tests.mesh import Mesh, contracts_of
from tests.render import ROOT, example_answers

Build = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def small_docs(small_mesh: Mesh, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Documentation:
    """The documentation of the smallest example. Read only."""
    root = shutil.copytree(small_mesh.root, tmp_path_factory.mktemp("small") / "minimal")
    return documented(root, build)


def documented(root: Path, build: Build) -> Documentation:
    """The documentation of a repository, once it is built."""
    result = build(root)
    assert result.returncode == 0, result.stderr
    return Documentation(root, root / "build" / "docs")


# What Markdown and HTML would take for their own.
HOSTILE = "<script>alert(1)</script> | *a* `b` [c](d) {{ e }} $f$ &amp; \\g #h"
VOLUMES = {
    "patients_per_day": 2**20,
    "days_corrected": 0,
    "readers_scan_per_day": 0,
    "text_bytes": 20,
    "compression": 1,
}


# In the short form, with types that hold others.
GENOMICS: dict[str, Any] = {
    "name": "genomics",
    "columns": [
        {"name": "variant_id"},
        {"name": "genes", "type": "array", "items": "string"},
        {"name": "position", "type": "struct", "fields": [{"name": "base", "type": "integer"}]},
    ],
}


@dataclass(frozen=True)
class Changed:
    """The documentation of a mesh with a hostile contract, a failed test, prices, and documents of its own."""

    documentation: Documentation
    domain: str
    tests: dict[str, str]
    failed: str


@pytest.fixture(scope="module")
def changed(small_mesh: Mesh, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """The smallest example, changed and built. Read only."""
    root = shutil.copytree(small_mesh.root, tmp_path_factory.mktemp("changed") / "minimal")
    domain, *_ = contracts_of(small_mesh.root)

    path = root / "contracts" / f"{domain}.odcs.yaml"
    contract = yaml.safe_load(path.read_text())
    contract["description"]["purpose"] = HOSTILE
    contract["schema"][0]["properties"][0]["description"] = HOSTILE
    path.write_text(yaml.safe_dump(contract))

    manifest = json.loads((root / "build" / "dbt-docs" / "manifest.json").read_text())
    tests = {
        id: node["name"]
        for id, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and f".stg_{domain}__" in (node.get("attached_node") or "")
    }
    failed, *_ = tests
    (root / "dbt" / "target").mkdir(exist_ok=True)
    run = {
        "metadata": {"generated_at": "2026-01-05T06:07:08Z"},
        "args": {"target": "dev"},
        "results": [{"unique_id": id, "status": "fail" if id == failed else "pass"} for id in tests],
    }
    (root / "dbt" / "target" / "run_results.json").write_text(json.dumps(run))

    inputs = yaml.safe_load((root / "docs" / "cost.yml").read_text())
    inputs["volumes"] = VOLUMES
    inputs["prices"]["omni_transfer_per_gib"] = 100
    (root / "docs" / "cost.yml").write_text(yaml.safe_dump(inputs))

    (root / "docs" / "own_guide.md").write_text("# A guide of our own\n\nSee [the demo](../demo/run.py).\n")
    (root / "docs" / "runbooks" / "own_pager.md").write_text("# Who has the pager\n")
    return Changed(documented(root, build), domain, tests, failed)


def test_every_contract_has_its_page_with_every_column(northwind_docs: Documentation) -> None:
    contracts = contracts_of(northwind_docs.root)
    for domain, contract in contracts.items():
        page = northwind_docs.pages[f"catalogue/{domain}.html"]
        for entity in contract["schema"]:
            assert entity["businessName"] in page.text
            assert f"stg_{domain}__{entity['name']}" in page.codes
            for column in entity["properties"]:
                assert column["name"] in page.codes, f"{domain}.{entity['name']}.{column['name']}"
                assert column["description"] in page.text
        owner = next(member["username"] for member in contract["team"]["members"])
        assert owner in page.codes
        for role in contract["roles"]:
            assert role["role"] in page.codes
        for server in contract["servers"]:
            if server["type"] == "bigquery":
                assert f"{server['project']}.{server['dataset']}" in page.codes
    products = {name for name in northwind_docs.pages if re.fullmatch(r"catalogue/\w+\.html", name)}
    assert products == {f"catalogue/{name}.html" for name in [*contracts, "index", "lineage", "columns"]}


def test_every_mart_has_its_page_with_every_column(northwind_docs: Documentation, built_northwind: Mesh) -> None:
    marts = [
        node
        for node in built_northwind.manifest()["nodes"].values()
        if node["resource_type"] == "model" and not node["name"].startswith("stg_")
    ]
    assert marts
    for mart in marts:
        page = northwind_docs.pages[f"marts/{mart['name']}.html"]
        assert set(mart["columns"]) <= set(page.codes)
        assert " ".join(mart["description"].split()) in page.text


def test_columns_lead_to_their_pages(northwind_docs: Documentation) -> None:
    names = {
        column["name"]
        for contract in contracts_of(northwind_docs.root).values()
        for entity in contract["schema"]
        for column in entity["properties"]
    }
    assert names <= set(northwind_docs.pages["catalogue/columns.html"].codes)


def test_phi_map_has_every_identifier(northwind_docs: Documentation) -> None:
    page = northwind_docs.pages["protection/phi-map.html"]
    for contract in contracts_of(northwind_docs.root).values():
        for entity in contract["schema"]:
            for column in entity["properties"]:
                place = f"{entity['name']}.{column['name']}"
                if column["classification"] in ("direct_identifier", "quasi_identifier"):
                    custom = {item["property"]: item["value"] for item in column["customProperties"]}
                    assert place in page.codes
                    assert custom["policyTag"] in page.codes
                    assert custom["hipaaIdentifier"].replace("_", " ").capitalize() in page.text
                else:
                    assert place not in page.codes


def test_every_mask_is_put_into_words() -> None:
    schema = json.loads((ROOT / "extensions" / "schemas" / "domain.schema.json").read_text())
    pages = (ROOT / "template" / "docs" / "site" / "pages.py").read_text()
    for mask in schema["$defs"]["column"]["properties"]["masking"]["enum"]:
        assert mask == "none" or f'    "{mask}": "' in pages, mask


def test_no_link_is_broken_and_nothing_is_fetched_elsewhere(northwind_docs: Documentation) -> None:
    assert northwind_docs.broken() == []
    # What finds them is found.
    planted = Page('<a href="nowhere.html">x</a><a href="#nowhere">x</a><img src="https://example.com/x.png">')
    northwind_docs.pages["planted.html"] = planted
    try:
        assert northwind_docs.broken() == [
            "planted.html: nowhere.html is not there",
            "planted.html: #nowhere is not there",
            "planted.html: https://example.com/x.png is elsewhere",
        ]
    finally:
        del northwind_docs.pages["planted.html"]


def test_every_table_scrolls_by_itself(northwind_docs: Documentation) -> None:
    # Some are Sphinx's, and some are HTML before Sphinx sees them.
    for name, page in northwind_docs.pages.items():
        scrolled = re.findall(r'<div class="pst-scrollable-table-container">\s*<table class="table">', page.html)
        assert page.html.count("<table") == len(scrolled), name
    assert "<table" in northwind_docs.pages["docs/hipaa-control-matrix.html"].html
    assert "<table" in northwind_docs.pages["catalogue/columns.html"].html


def test_every_page_is_reached_from_the_first(northwind_docs: Documentation) -> None:
    assert set(northwind_docs.pages) - northwind_docs.reached() == {"search.html"}


def test_every_document_of_the_repository_is_a_page(northwind_docs: Documentation) -> None:
    documents = {
        path.relative_to(northwind_docs.root).with_suffix(".html").as_posix()
        for folder in ("docs", "infra/terraform", "orchestration", "demo")
        for path in (northwind_docs.root / folder).rglob("*.md")
        if "domains" not in path.parts
    }
    assert documents <= set(northwind_docs.pages)
    assert {"docs/runbooks/break-glass.html", "docs/hipaa-control-matrix.html", "docs/cost.html"} <= set(
        northwind_docs.pages
    )


def test_pages_of_owners_stand_in_the_catalogue(northwind_docs: Documentation) -> None:
    for path in (northwind_docs.root / "docs" / "domains").glob("*.md"):
        page = northwind_docs.pages[f"catalogue/{path.stem}.html"]
        assert "Where the data comes from" in page.text
        assert "from-its-owner" in page.anchors, "the heading ends before what the owner wrote"


def test_links_to_code_lead_to_the_repository_on_github(northwind_docs: Documentation) -> None:
    shape = yaml.safe_load((northwind_docs.root / "docs" / "shape.yml").read_text())
    base = f"https://github.com/{shape['repository']}/"
    links = {link for page in northwind_docs.pages.values() for link in page.links if link.startswith(base)}
    assert links
    for link in links:
        path = re.sub(r"^(blob|tree)/main/", "", link.removeprefix(base)).partition("#")[0]
        assert path.startswith(("security/", "issues")) or (northwind_docs.root / path).exists(), link


# -- pictures ----------------------------------------------------------------------------------------------------------


def edges_of(manifest: dict[str, Any]) -> set[tuple[str, str]]:
    """What reads what, by name; a source by its domain."""
    names = {id: node["name"] for id, node in manifest["nodes"].items()}
    names |= {id: node["source_name"] for id, node in manifest["sources"].items()}
    return {
        (names[read], node["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for read in node["depends_on"]["nodes"]
        if read.startswith(("model.", "source."))
    }


def test_lineage_is_that_of_dbt(northwind_docs: Documentation, built_northwind: Mesh) -> None:
    edges = edges_of(built_northwind.manifest())
    page = northwind_docs.pages["catalogue/lineage.html"]
    assert sorted(page.boxes) == sorted({name for edge in edges for name in edge})
    assert page.curves == len(edges)


def test_lineage_of_a_product_is_a_part_of_it(northwind_docs: Documentation, built_northwind: Mesh) -> None:
    edges = edges_of(built_northwind.manifest())
    domains = contracts_of(northwind_docs.root)
    for domain in domains:
        shown = {domain} | {model for model in {name for edge in edges for name in edge} if f"stg_{domain}__" in model}
        while more := {reader for read, reader in edges if read in shown} - shown:
            shown |= more
        page = northwind_docs.pages[f"catalogue/{domain}.html"]
        assert set(page.boxes) == shown
        assert page.curves == len({edge for edge in edges if set(edge) <= shown})


@pytest.mark.parametrize("example", ["minimal", "northwind", "large"])
def test_cells_are_those_of_the_answers(example: str, render: Render, dbt_environment: Environment) -> None:
    answers = example_answers(example)
    root = render(**answers)
    script = (
        "import sys; sys.path.insert(0, 'docs/site'); sys.dont_write_bytecode = True\n"
        "import diagrams, mesh, yaml\n"
        "from pathlib import Path\n"
        "whole = mesh.Mesh(yaml.safe_load(open('docs/shape.yml')), {}, mesh.products_of(Path('.')), (), {}, {}, {})\n"
        "print(diagrams.cells(whole))\n"
        "print(diagrams.flow(whole))"
    )
    cells, flow = dbt_environment.run(["python", "-c", script], cwd=root).stdout.splitlines()
    picture = Page(cells)
    assert len(picture.boxes) == 3 * len(answers["environments"]) * len(answers["regions"])
    for region in answers["regions"]:
        assert sum(box.startswith(region) for box in picture.boxes) == len(answers["environments"])
    for environment in answers["environments"]:
        assert f" {environment} " in f" {picture.text} "
        ids = answers["platform_ids"][environment]
        assert f"AWS account {ids['aws_account']}" in picture.text
        assert f"GCP project {ids['gcp_project']}" in picture.text
    contracts = contracts_of(root)
    assert f"{len(contracts)} landing buckets" in flow
    assert f"{sum(len(contract['schema']) for contract in contracts.values())} staging tables" in flow


# -- the last run ------------------------------------------------------------------------------------------------------


def test_quality_is_that_of_the_last_run(northwind_docs: Documentation, built_northwind: Mesh) -> None:
    manifest, results = built_northwind.manifest(), built_northwind.results()
    counted = {
        domain: sum(
            results[id] == "pass"
            for id, node in {**manifest["nodes"], **manifest["unit_tests"]}.items()
            if node["resource_type"] in ("test", "unit_test")
            and any(f".stg_{domain}__" in model for model in watched(node))
        )
        for domain in contracts_of(northwind_docs.root)
    }
    for domain, passed in counted.items():
        assert passed > 0
        assert f"on synthetic data: {passed} passed ." in northwind_docs.pages[f"catalogue/{domain}.html"].text


def watched(node: dict[str, Any]) -> list[str]:
    """The models that a test looks at."""
    return [node["attached_node"]] if node.get("attached_node") else list(node["depends_on"]["nodes"])


def test_failed_test_is_named(changed: Changed) -> None:
    page = changed.documentation.pages[f"catalogue/{changed.domain}.html"]
    assert f"2026-01-05 06:07 UTC: 1 fail , {len(changed.tests) - 1} passed ." in page.text
    assert changed.tests[changed.failed] in page.codes


def test_without_a_run_there_is_no_quality(small_docs: Documentation) -> None:
    for domain in contracts_of(small_docs.root):
        assert "dbt did not run where this page was made" in small_docs.pages[f"catalogue/{domain}.html"].text


# -- cost --------------------------------------------------------------------------------------------------------------


def test_cost_follows_volumes_and_prices(changed: Changed) -> None:
    size = {"BOOL": 1, "INT64": 8, "FLOAT64": 8, "NUMERIC": 16, "DATE": 8, "TIMESTAMP": 8, "STRING": 22}
    # Of 2^20 patients, bytes per patient are MiB per day. What landed is read twice: for its columns, and to load it.
    moved = 2 * sum(
        next(item["value"] for item in entity["customProperties"] if item["property"] == "rowsPerPatient")
        * sum(size[column["physicalType"]] for column in entity["properties"])
        for contract in contracts_of(changed.documentation.root).values()
        for entity in contract["schema"]
    )
    page = changed.documentation.pages["docs/cost.html"]
    assert f"{moved:,.2f}" in page.text
    assert f"{moved * 30 / 1024:,.2f} GiB 100 {moved * 30 / 1024 * 100:,.2f}" in page.text
    assert "not reckoned" in page.text


# -- what goes wrong, and what is written by others --------------------------------------------------------------------


def test_site_is_the_same_each_time_and_names_no_machine(
    small_docs: Documentation, build: Build, tmp_path: Path
) -> None:
    elsewhere = shutil.copytree(small_docs.root, tmp_path / "elsewhere" / "checkout")
    assert build(elsewhere, "--output", "out").returncode == 0
    first, second = small_docs.files(), Documentation(elsewhere, elsewhere / "out").files()
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()
    for name, content in first.items():
        # What stands in the theme is the same for all.
        if not name.startswith("_static/"):
            for word in (str(tmp_path), str(Path.home()), socket.gethostname(), getpass.getuser() + "@"):
                assert word.encode() not in content, f"{name} names {word}"


def test_what_contracts_say_is_shown_and_not_obeyed(changed: Changed) -> None:
    page = changed.documentation.pages[f"catalogue/{changed.domain}.html"]
    assert page.text.count(HOSTILE) == 2
    assert HOSTILE in changed.documentation.pages["catalogue/index.html"].text
    assert "<script>alert" not in page.html


def test_own_documents_become_pages(changed: Changed) -> None:
    documentation = changed.documentation
    assert {"docs/own_guide.html", "docs/runbooks/own_pager.html"} <= documentation.reached()
    assert any(link.endswith("/blob/main/demo/run.py") for link in documentation.pages["docs/own_guide.html"].links)


def test_mesh_without_marts_and_with_a_domain_of_its_own(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], build: Build, tmp_path: Path
) -> None:
    mesh = open_mesh(render(domains=["providers"], custom_domains=[GENOMICS]), tmp_path / "mesh")
    mesh.dbt("parse", "--target", "local", "--target-path", "../build/dbt-docs")
    documentation = documented(mesh.root, build)
    assert "marts/index.html" not in documentation.pages
    assert documentation.broken() == []
    page = documentation.pages[f"catalogue/{GENOMICS['name']}.html"]
    assert {column["name"] for column in GENOMICS["columns"]} <= set(page.codes)


def test_broken_link_of_ones_own_is_told(small_copy: Path, build: Build) -> None:
    (small_copy / "docs" / "own_guide.md").write_text("# Guide\n\nSee [this](nowhere.md).\n")
    result = build(small_copy)
    assert result.returncode == 1
    assert "docs/own_guide.md: the link to nowhere.md leads nowhere" in result.stderr
    (small_copy / "docs" / "own_guide.md").write_text("# Guide\n\nSee [this](delivery.md#nowhere).\n")
    result = build(small_copy)
    assert result.returncode == 1
    assert "own_guide.md" in result.stderr
    assert "nowhere" in result.stderr


@pytest.mark.parametrize(
    ("line", "written", "told"),
    [
        ("days_corrected: 1", "", "docs/cost.yml has no days_corrected among its volumes"),
        ("composer_per_month: null", "", "docs/cost.yml has no composer_per_month among its prices"),
        ("text_bytes: 20", "text_bytes: null", "docs/cost.yml: text_bytes must be a number"),
        ("patients_per_day: 1000", "patients_per_day: 1,000 a day", "must be a number, such as 1000 or 0.25"),
    ],
)
def test_what_cost_cannot_be_reckoned_with_is_told(
    small_copy: Path, build: Build, line: str, written: str, told: str
) -> None:
    inputs = small_copy / "docs" / "cost.yml"
    text = inputs.read_text()
    assert line in text
    inputs.write_text(text.replace(line, written))
    result = build(small_copy)
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_manifest_is_told(small_copy: Path, build: Build) -> None:
    result = build(small_copy, "--manifest", "nothing.json")
    assert result.returncode == 1
    assert result.stderr == "build.py: no manifest of dbt in nothing.json; `make dbt-docs` writes it\n"


def test_help(small_copy: Path, build: Build) -> None:
    result = build(small_copy, "--help")
    assert result.returncode == 0
    assert "--manifest" in result.stdout

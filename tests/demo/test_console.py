"""The console: the page that shows what the demo built."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser

from tests.conftest import Total
from tests.engines.browser import DESKTOP, PHONE, Visit, browser, visit
from tests.mesh import Mesh
from tests.render import ROOT

# What a look at the pages needs, kept for whoever wants one.
SCREENSHOTS = ROOT / "build" / "screenshots" / "console"

# axe takes ten seconds where all twenty domains are open.
OPEN_SOME = """() => document.querySelectorAll('details').forEach(
    (details, index) => { details.open ||= index < 6 || !details.closest('.domains, .cards'); }
)"""

Copy = Callable[[Mesh], Mesh]


@pytest.fixture
def copied(tmp_path: Path) -> Copy:
    """copied(mesh): what the console reads of a built mesh, to be changed, without its landing data."""

    def copy(mesh: Mesh) -> Mesh:
        root = tmp_path / "mesh"
        for folder in ("demo", "contracts", "dbt/target"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copytree(mesh.root / "demo" / "console", root / "demo" / "console")
        shutil.copytree(mesh.root / "contracts", root / "contracts", dirs_exist_ok=True)
        for path in (*mesh.root.glob("demo/*.py"), mesh.database):
            shutil.copy(path, root / "demo")
        for name in ("manifest.json", "run_results.json"):
            shutil.copy(mesh.root / "dbt" / "target" / name, root / "dbt" / "target")
        return Mesh(root, mesh.environment)

    return copy


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all tests."""
    with browser() as started:
        yield started


def page_of(mesh: Mesh) -> Path:
    return mesh.root / "demo" / "console.html"


def written(mesh: Mesh) -> str:
    """The page, written anew."""
    mesh.python("demo/console.py")
    return page_of(mesh).read_text()


def changed(mesh: Mesh, artifact: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change one of dbt's artifacts."""
    path = mesh.root / "dbt" / "target" / artifact
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def execute(mesh: Mesh, sql: str) -> None:
    """Change the database."""
    mesh.python("-c", "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])", str(mesh.database), sql)


def models(mesh: Mesh) -> dict[str, dict[str, Any]]:
    """Unique id -> model of the manifest."""
    return {id: node for id, node in mesh.manifest()["nodes"].items() if node["resource_type"] == "model"}


def marts(mesh: Mesh) -> dict[str, dict[str, Any]]:
    """Name -> model that is no staging model."""
    return {node["name"]: node for node in models(mesh).values() if node["fqn"][1] != "staging"}


def text_of(html: str) -> str:
    """What a reader sees of markup."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def part(page: str, id: str) -> str:
    """The element of an id, to its end."""
    start = page.rindex("<", 0, page.index(f' id="{id}"'))
    tag = page[start + 1 : page.index(" ", start)]
    # A domain holds other elements of its kind, and ends where the next one begins or the section does.
    end = re.compile(r'<details class="domain"|</section>' if tag == "details" else f"</{tag}>").search(page, start + 1)
    assert end
    return page[start : end.start()]


def flows(mesh: Mesh) -> set[tuple[str, str]]:
    """What the manifest says flows into each model; the sources of a domain are its landing zone."""
    found = set()
    for id, node in models(mesh).items():
        for source in node["depends_on"]["nodes"]:
            kind, _, name = source.split(".", 2)
            found.add((f"landing.{name.split('.')[0]}" if kind == "source" else source, id))
    return found


# -- what is on the page -----------------------------------------------------------------------------------------------


def test_everything_of_the_manifest_is_on_the_page(built: Mesh) -> None:
    page = page_of(built).read_text()
    for domain, contract in built.contracts().items():
        shown = text_of(part(page, f"domain-{domain}"))
        owner = next(member["username"] for member in contract["team"]["members"] if member["role"] == "owner")
        assert owner in shown
        assert " ".join(contract["description"]["purpose"].split()) in shown
        for entity in contract["schema"]:
            assert entity["name"] in shown
    for name, mart in marts(built).items():
        assert " ".join(mart["description"].split()) in text_of(part(page, f"mart-{name}"))
    lineage = text_of(part(page, "lineage"))
    for model in models(built).values():
        assert model["name"] in lineage
    assert f"{next(iter(built.contracts().values()))['tenant']} clinical data mesh" in page


def test_picture_has_the_nodes_and_edges_of_the_manifest(built: Mesh) -> None:
    expected = flows(built)
    nodes = {f"landing.{domain}" for domain in built.contracts()} | models(built).keys() | {end for end, _ in expected}
    for form in ("wide", "narrow"):
        (picture,) = re.findall(rf'<svg class="mesh {form}".*?</svg>', page_of(built).read_text(), re.DOTALL)
        assert sorted(re.findall(r'data-node="([^"]+)"', picture)) == sorted(nodes)
        edges = re.findall(r'data-from="([^"]+)" data-to="([^"]+)"', picture)
        assert sorted(edges) == sorted(expected)


def test_boxes_of_the_picture_do_not_overlap(built: Mesh) -> None:
    for picture in re.findall(r'<svg class="mesh.*?</svg>', page_of(built).read_text(), re.DOTALL):
        width, height = map(float, re.findall(r'viewBox="-1 -1 (\S+) (\S+)"', picture)[0])
        found = re.findall(r'<rect x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"', picture)
        boxes = [tuple(map(float, box)) for box in found]
        assert len(boxes) > 3
        for index, (x, y, wide, high) in enumerate(boxes):
            assert x >= 0 and y >= 0 and x + wide <= width and y + high <= height
            for left, top, other_wide, other_high in boxes[:index]:
                apart = left >= x + wide or x >= left + other_wide or top >= y + high or y >= top + other_high
                assert apart, (x, y, left, top)


def test_numbers_are_those_of_the_database(built: Mesh) -> None:
    page = page_of(built).read_text()
    described = models(built).values()
    relations = {node["name"]: f"{node['schema']}.{node['alias']}" for node in described}
    staging = [node for node in described if node["fqn"][1] == "staging"]
    counts = built.queries({name: f"select count(*) from {relation}" for name, relation in relations.items()})
    days = built.queries(
        {
            node["name"]: f"select landed_date, count(*) from {relations[node['name']]} group by 1 order by 1"
            for node in staging
        }
    )
    lineage = text_of(part(page, "lineage"))
    for name, ((rows,),) in counts.items():
        assert f"{name} {rows:,} " in lineage
    for name in marts(built):
        assert f"{counts[name][0][0]:,} rows" in text_of(part(page, f"mart-{name}"))
    assert text_of(part(page, "figure-rows")) == f"{sum(counts[node['name']][0][0] for node in staging):,}"
    newest = max(day for rows in days.values() for day, _ in rows)
    assert text_of(part(page, "figure-day")) == newest
    for domain in built.contracts():
        shown = part(page, f"domain-{domain}")
        own = [node["name"] for node in staging if node["fqn"][2] == domain]
        for name in own:
            entity = name.partition("__")[2]
            assert f"{entity} {counts[name][0][0]:,} {days[name][-1][0]}" in text_of(shown)
        per_day = Counter[str]()
        for name in own:
            per_day.update(dict(days[name]))
        drawn = re.findall(r'class="value"[^>]*>([^<]+)<', shown)
        assert drawn == [f"{per_day[day]:,}" for day in sorted(per_day)]


def test_tests_are_counted_where_they_belong(built: Mesh) -> None:
    page = page_of(built).read_text()
    manifest = built.manifest()
    tests = {id: node["attached_node"] for id, node in manifest["nodes"].items() if node["resource_type"] == "test"}
    tests |= {id: node["depends_on"]["nodes"][0] for id, node in manifest["unit_tests"].items()}
    passed = [id for id, status in built.results().items() if id in tests and status == "pass"]
    assert text_of(part(page, "figure-tests")) == f"{len(passed):,} passed, 0 failed"
    subjects = Counter(tests[id] for id in passed)
    described = models(built)
    for domain in built.contracts():
        own = sum(subjects[id] for id, node in described.items() if node["fqn"][1:3] == ["staging", domain])
        assert f"{own} passed" in text_of(part(page, f"domain-{domain}"))
    for name, mart in marts(built).items():
        assert f"{subjects[mart['unique_id']]} passed" in text_of(part(page, f"mart-{name}"))


def test_classes_of_phi_are_those_of_the_contract(built: Mesh) -> None:
    page = page_of(built).read_text()
    for domain, contract in built.contracts().items():
        columns = [column for entity in contract["schema"] for column in entity["properties"]]
        classes = Counter(column["classification"] for column in columns if not column.get("partitioned"))
        protected = {name: times for name, times in sorted(classes.items()) if name != "none"}
        shown = ", ".join(f"{times} {name.replace('_', ' ')}" for name, times in protected.items())
        assert f"{sum(protected.values())} of {classes.total()} columns: {shown}" in text_of(
            part(page, f"domain-{domain}")
        )


def test_every_mart_is_drawn_from_the_rows_of_its_own_query(built_northwind: Mesh) -> None:
    page = page_of(built_northwind).read_text()
    assert "No chart" not in page
    described = marts(built_northwind)
    queries = {
        name: mart["config"]["meta"]["example_query"].replace(name, f"marts__local.{name}", 1)
        for name, mart in described.items()
    }
    for name, rows in built_northwind.queries(queries).items():
        shown = part(page, f"mart-{name}")
        asked = described[name]["config"]["meta"]["chart"]
        assert asked["title"] in re.findall(r"<figcaption>(.*?)</figcaption>", shown)
        cells = [
            [text_of(cell) for cell in re.findall(r"<td.*?</td>", row)]
            for row in re.findall(r"<tr>(<td.*?)</tr>", shown)
        ]
        assert len(cells) == len(rows) > 0
        for shown_row, row in zip(cells, rows, strict=True):
            for shown_value, value in zip(shown_row, row, strict=True):
                try:
                    assert float(shown_value.replace(",", "")) == pytest.approx(float(value), rel=0.005, abs=0.05)
                except ValueError:
                    assert shown_value == " ".join(str(value).split())
        columns = re.findall(r'<th scope="col">(.*?)</th>', shown)
        x = columns.index(asked["x"])
        y = [columns.index(column) for column in ([asked["y"]] if isinstance(asked["y"], str) else asked["y"])]
        if asked["kind"] == "line":
            (points,) = re.findall(r'class="line series-0" points="(.*?)"', shown)
            heights = [float(point.split(",")[1]) for point in points.split()]
            values = [float(row[y[0]]) for row in sorted(rows, key=lambda row: str(row[x]))]
            assert len(heights) == len(values)
            assert heights.index(min(heights)) == values.index(max(values))
        else:
            totals = [sum(float(row[index]) for index in y) for row in rows]
            drawn = [float(value.replace(",", "")) for value in re.findall(r'class="value"[^>]*>([^<]+)<', shown)]
            assert drawn == pytest.approx(totals, rel=0.005, abs=0.05)
            sizes = re.findall(r'<rect class="series-(\d)" x="\S+" y="\S+" width="(\S+)" height="(\S+)"', shown)
            first = [float(row[y[0]]) for row in rows if float(row[y[0]]) > 0]
            extents = [float(wide if asked["kind"] == "bar" else high) for series, wide, high in sizes if series == "0"]
            # Bars are as long as their numbers say, to a tenth of a pixel.
            assert [extent / max(extents) for extent in extents] == pytest.approx(
                [value / max(first) for value in first], abs=0.01
            )


# -- what went wrong ---------------------------------------------------------------------------------------------------


def test_what_failed_is_shown(built_northwind: Mesh, copied: Copy, chromium: Browser) -> None:
    mesh = copied(built_northwind)
    test, node = next(
        (id, node)
        for id, node in mesh.manifest()["nodes"].items()
        if node["resource_type"] == "test" and (node["attached_node"] or "").endswith("stg_labs__lab_results")
    )
    described = marts(mesh)
    mart = next(name for name, mart in described.items() if len(mart["depends_on"]["nodes"]) > 9)
    reader = next(
        name for name, other in described.items() if described[mart]["unique_id"] in other["depends_on"]["nodes"]
    )

    def fail(artifact: dict[str, Any]) -> None:
        for result in artifact["results"]:
            if result["unique_id"] == test:
                result |= {"status": "fail", "message": "Got 7 results, configured to fail if != 0"}
            if result["unique_id"].endswith(f".{mart}"):
                result |= {
                    "status": "error",
                    "message": f"IO Error: no files at {mesh.root}/demo/x and /srv/data/y.csv",
                }
            if result["unique_id"].endswith(f".{reader}"):
                result |= {"status": "skipped", "message": None}

    changed(mesh, "run_results.json", fail)
    execute(mesh, f"drop table marts__local.{mart}")
    page = written(mesh)
    troubles = text_of(part(page, "troubles"))
    assert f"failed test {node['name']} Got 7 results" in troubles
    assert f"failed model {mart} IO Error: no files at demo/x and …/y.csv" in troubles
    assert f"skipped model {reader}" in troubles
    assert str(mesh.root) not in page
    # Where it belongs, open at once, and in the figures.
    labs = part(page, "domain-labs")
    assert " open>" in labs.partition("<summary>")[0]
    assert f"failed {node['name']}" in text_of(labs)
    assert "1 failed" in text_of(labs)
    assert text_of(part(page, "figure-tests")).endswith(" 1 failed")
    assert re.search(r'class="node landing trouble" data-node="landing.labs"', page)
    assert "not built" in text_of(part(page, f"mart-{mart}"))
    with visit(chromium, page_of(mesh).as_uri(), PHONE) as visited:
        assert_is_well_made(visited)


def test_demo_with_a_failed_test_writes_its_page_too(built_custom: Mesh, tmp_path: Path) -> None:
    """One domain more than the contract's test allows: the demo fails, and shows it."""
    root = tmp_path / "mesh"
    shutil.copytree(built_custom.root, root)
    mesh = Mesh(root, built_custom.environment)
    page_of(mesh).unlink()
    planted = root / "dbt" / "tests" / "own_planted_failure.sql"
    planted.write_text("select patient_id from {{ ref('stg_patients__patients') }}\n")
    result = mesh.demo("--keep-landing", check=False)
    assert result.returncode == 1
    assert str(page_of(mesh)) in result.stdout
    page = page_of(mesh).read_text()
    assert "failed test own_planted_failure" in text_of(part(page, "troubles"))
    assert "own_planted_failure" in text_of(part(page, "domain-patients"))


def test_freshness_is_measured_against_the_contract(built_custom: Mesh, copied: Copy) -> None:
    mesh = copied(built_custom)
    page = written(mesh)
    assert "outside SLA" not in page
    execute(mesh, "update labs__local.stg_labs__lab_results set landed_date = landed_date - 3")
    page = written(mesh)
    allowed = next(p["value"] for p in mesh.contracts()["labs"]["slaProperties"] if p["property"] == "freshness")
    assert allowed < 72
    assert f"outside SLA; the contract allows {allowed} h" in text_of(part(page, "domain-labs"))
    assert "72 h" in text_of(part(page, "domain-labs"))
    assert "outside SLA" not in part(page, "domain-patients")


def test_what_cannot_be_drawn_is_said(built_northwind: Mesh, copied: Copy) -> None:
    mesh = copied(built_northwind)
    ids = {name: mart["unique_id"] for name, mart in marts(mesh).items()}
    charts: list[tuple[Any, str, str]] = [
        ({"kind": "pie", "x": "x", "y": "y"}, "1 as x, 2 as y", "no kind of chart is called 'pie'"),
        ({"kind": "bar", "x": "x", "y": ["y", "z"]}, "1 as x, 2 as y", "the query returns no column z"),
        ({"kind": "bar", "x": "x", "y": "y"}, "'a' as x, -1 as y", "a value is negative"),
        ({"kind": "column", "x": "x", "y": "y"}, "'a' as x, 'b' as y", "y is no number"),
        ({"kind": "line", "x": "x", "y": "y"}, "'a' as x, 2 as y", "a line runs over days or numbers"),
        ({"kind": "bar", "x": "x", "y": "y"}, "unnest(range(100)) as x, 2 as y", "a bar chart shows at most 40"),
        ({"kind": "bar", "x": "x", "y": "y"}, "no_such_column as x, 2 as y", "The example query does not run"),
        ("bar", "1 as x, 2 as y", "`chart` has no kind, x and y"),
        ({"kind": "bar", "x": "x", "y": "y"}, "null as x, 0 as y", ""),
    ]
    assert len(ids) >= len(charts)

    def ask(manifest: dict[str, Any]) -> None:
        for name, (chart, select, _) in zip(ids, charts, strict=False):
            meta = manifest["nodes"][ids[name]]["config"]["meta"]
            meta |= {"chart": chart, "example_query": f"select {select} from (select 1 from {name} limit 1)"}

    changed(mesh, "manifest.json", ask)
    page = written(mesh)
    for name, (_, _, message) in zip(ids, charts, strict=False):
        shown = part(page, f"mart-{name}")
        assert message in text_of(shown), name
        assert ("<figure" in shown) == (not message), name


# -- the file itself ---------------------------------------------------------------------------------------------------


def test_page_is_the_same_wherever_it_is_written(built: Mesh, copied: Copy) -> None:
    mesh = copied(built)
    said = mesh.python("demo/console.py").stdout
    first = page_of(mesh).read_text()
    seconds = re.search(r"Console \((\S+) s\)", said)
    assert seconds and float(seconds[1]) < 5
    assert first == page_of(built).read_text()
    assert str(built.root) not in first
    assert str(ROOT) not in first


def test_page_refers_to_nothing(built: Mesh) -> None:
    page = page_of(built).read_text()
    assert re.findall(r"<(?:link|img|iframe|object|embed|base|form|image|use)\b", page) == []
    assert (
        re.findall(
            r'\b(?:src|srcset|action|xlink:href|style|on\w+)\s*=\s*"',
            re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL),
        )
        == []
    )
    assert {target[:1] for target in re.findall(r'href="([^"]*)"', page)} == {"#"}
    assert not re.search(r"url\(|@import", page)
    assert "default-src 'none'" in page


def test_values_are_text_and_never_markup(built_custom: Mesh, copied: Copy, chromium: Browser) -> None:
    mesh = copied(built_custom)
    hostile = "</title></style></script><script>document.title='broken'</script>\"'><img src=x onerror=alert(1)>&amp;"
    path = mesh.root / "contracts" / "genomics.odcs.yaml"
    contract = yaml.safe_load(path.read_text())
    contract["description"]["purpose"] = contract["name"] = contract["tenant"] = hostile
    contract["team"]["members"][0]["username"] = hostile
    contract["schema"][0]["properties"][0]["classification"] = hostile
    for other in mesh.root.glob("contracts/*.yaml"):
        other.write_text(
            re.sub(r"^tenant:.*$", f"tenant: {json.dumps(hostile)}", other.read_text(), flags=re.MULTILINE)
        )
    path.write_text(yaml.safe_dump(contract))
    (name, mart), *_ = marts(mesh).items()

    def plant(manifest: dict[str, Any]) -> None:
        node = manifest["nodes"][mart["unique_id"]]
        node["description"] = hostile
        quoted = hostile.replace("'", "''")
        node["config"]["meta"] |= {
            "example_query": f"select '{quoted}' as x, 1 as y, '{quoted}' as \"<b>\" from {name} limit 1",
            "chart": {"kind": "bar", "title": hostile, "x": "x", "y": "y", "unit": hostile},
        }

    def fail(artifact: dict[str, Any]) -> None:
        artifact["results"][-1] |= {"status": "fail", "message": hostile}

    changed(mesh, "manifest.json", plant)
    changed(mesh, "run_results.json", fail)
    page = written(mesh)
    assert page.count("<script") == 1
    assert "<img" not in page
    with visit(chromium, page_of(mesh).as_uri()) as visited:
        assert visited.page.title() == f"{hostile} clinical data mesh"
        assert hostile in visited.page.inner_text("h1")
        assert visited.complaints == []
        assert visited.page.locator(f"#mart-{name} > p >> nth=1").inner_text() == hostile


def test_mesh_without_marts_has_its_page(built_custom: Mesh, copied: Copy, chromium: Browser) -> None:
    mesh = copied(built_custom)
    gone = {mart["unique_id"] for mart in marts(mesh).values()}

    def drop(manifest: dict[str, Any]) -> None:
        for kind in ("nodes", "unit_tests", "exposures"):
            manifest[kind] = {
                id: node
                for id, node in manifest[kind].items()
                if id not in gone and not gone & set(node["depends_on"].get("nodes", ()))
            }

    changed(mesh, "manifest.json", drop)
    page = written(mesh)
    assert text_of(part(page, "figure-marts")) == "0"
    assert "Marts</" not in part(page, "lineage")
    assert ' id="marts"' not in page
    with visit(chromium, page_of(mesh).as_uri(), PHONE) as visited:
        assert_is_well_made(visited)
        visited.page.select_option("#selected", "landing.labs")
        assert visited.page.inner_text("#flow") == "Nothing reads it."
        assert len(kept(visited)) == 2


def test_console_without_a_demo_says_what_to_do(
    northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    mesh = open_mesh(northwind, tmp_path / "mesh")
    result = mesh.python("demo/console.py", check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("console.py: there is no ")
    assert "`make demo`" in result.stderr
    assert not page_of(mesh).exists()


# -- a large mesh ------------------------------------------------------------------------------------------------------


def test_mesh_of_two_hundred_domains_is_quick_and_readable(
    built_northwind: Mesh, copied: Copy, chromium: Browser, total: Total
) -> None:
    """Ten of each domain: contracts, nodes, results and tables."""
    mesh = copied(built_northwind)
    times = 10
    for path in [*mesh.root.glob("contracts/*.yaml")]:
        domain = path.name.removesuffix(".odcs.yaml")
        for number in range(2, times + 1):
            contract = re.sub(
                rf"^domain: {domain}$", f"domain: {domain}_{number}", path.read_text(), flags=re.MULTILINE
            )
            (path.parent / f"{domain}_{number}.odcs.yaml").write_text(contract)
    domains = {path.name.removesuffix(".odcs.yaml") for path in mesh.root.glob("contracts/*.yaml")}
    assert len(domains) == times * len(built_northwind.contracts()) >= 200
    tables: list[str] = []

    def renamed(text: str, number: int) -> str:
        """Models and sources of a domain, as those of another one."""
        text = re.sub(r"\bstg_([a-z]+)__", rf"stg_\1_{number}__", text)
        return re.sub(r"\bsource\.clinical_mesh\.([a-z]+)\.", rf"source.clinical_mesh.\1_{number}.", text)

    def multiply_nodes(manifest: dict[str, Any]) -> None:
        for source in [*manifest["sources"].values()]:
            for number in range(2, times + 1):
                other = json.loads(renamed(json.dumps(source), number))
                other["fqn"][-2] += f"_{number}"
                manifest["sources"][other["unique_id"]] = other
        for node in [*manifest["nodes"].values()]:
            if node["fqn"][1] != "staging":
                continue
            for number in range(2, times + 1):
                other = json.loads(renamed(json.dumps(node), number))
                other["fqn"][2] += f"_{number}"
                manifest["nodes"][other["unique_id"]] = other
                if node["resource_type"] == "model":
                    other["schema"] = other["schema"].replace("__", f"_{number}__")
                    tables.append(f"create schema if not exists {other['schema']}")
                    tables.append(
                        f"create view {other['schema']}.{other['alias']} as from {node['schema']}.{node['alias']}"
                    )

    def multiply_results(artifact: dict[str, Any]) -> None:
        for result in [*artifact["results"]]:
            if "stg_" in result["unique_id"]:
                for number in range(2, times + 1):
                    artifact["results"].append(result | {"unique_id": renamed(result["unique_id"], number)})

    changed(mesh, "manifest.json", multiply_nodes)
    changed(mesh, "run_results.json", multiply_results)
    execute(mesh, ";".join(tables))
    started = time.monotonic()
    page = written(mesh)
    seconds = time.monotonic() - started
    total(f"console of {len(domains)} domains: {seconds:.1f} s, {len(page) / 1e6:.1f} MB")
    assert seconds < 15
    assert text_of(part(page, "figure-domains")) == str(len(domains))
    assert set(re.findall(r'id="domain-([a-z_0-9]+)"', page)) == domains
    with visit(chromium, page_of(mesh).as_uri(), PHONE) as visited:
        assert visited.overflow() == 0
        visited.page.fill("#wanted", "vitals_7")
        assert visited.page.inner_text("#found") == f"1 of {len(domains)} domains"
        assert visited.page.locator("details.domain:visible").count() == 1
        # The picture scrolls to what was chosen, inside its frame.
        visited.page.select_option("#selected", "landing.vitals_7")
        chosen = visited.page.locator(".narrow .chosen")
        frame = visited.page.locator(".picture").bounding_box()
        box = chosen.bounding_box()
        assert frame and box and frame["y"] <= box["y"] <= frame["y"] + frame["height"]


# -- in a browser ------------------------------------------------------------------------------------------------------


def assert_is_well_made(visited: Visit) -> None:
    """Nothing to complain of, to load, to mend for axe or to scroll for, with the first of all that opens."""
    visited.page.evaluate(OPEN_SOME)
    assert visited.complaints == []
    assert visited.requests == [visited.page.url]
    assert visited.overflow() == 0
    assert visited.violations() == []


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop, light", "phone, dark"])
def test_page_is_well_made(built: Mesh, chromium: Browser, size: tuple[int, int], dark: bool) -> None:
    with visit(chromium, page_of(built).as_uri(), size, dark) as visited:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = f"{built.root.name}-{size[0]}-{'dark' if dark else 'light'}.png"
        visited.page.screenshot(path=SCREENSHOTS / name, full_page=True)
        assert_is_well_made(visited)


def test_keyboard_reaches_everything(built: Mesh, chromium: Browser) -> None:
    with visit(chromium, page_of(built).as_uri()) as visited:
        visited.page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        assert len(visited.tab_stops()) > 10
        missed = visited.page.evaluate(
            """() => [...document.querySelectorAll('a[href], select, input, button, summary, [tabindex="0"]')]
                .filter((element) => element.checkVisibility() && !element.dataset.stop)
                .map((element) => element.outerHTML.slice(0, 200))"""
        )
        assert missed == []
        # Whatever has the focus shows it.
        visited.page.focus("#selected")
        visited.page.keyboard.press("Shift+Tab")
        visited.page.keyboard.press("Tab")
        assert visited.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_selection_shows_what_belongs_together(built: Mesh, chromium: Browser, size: tuple[int, int]) -> None:
    edges = flows(built)
    names = {id: node["name"] for id, node in models(built).items()}
    with visit(chromium, page_of(built).as_uri(), size) as visited:
        options = visited.page.locator("#selected option").evaluate_all("options => options.map(o => o.value)")
        assert set(options) == {"", *(f"landing.{name}" for name in built.contracts())} | {
            mart["unique_id"] for mart in marts(built).values()
        }
        for chosen in (options[1], options[len(built.contracts())], options[-1]):
            expected = (
                {chosen} | reached(chosen, edges) | reached(chosen, {(target, source) for source, target in edges})
            )
            visited.page.select_option("#selected", chosen)
            assert kept(visited) == expected
            assert (
                visited.page.locator("svg.mesh:visible .edge.kept").count()
                == len([edge for edge in edges if set(edge) <= expected])
                > 0
            )
            words = visited.page.inner_text("#flow")
            for other in {names[id] for id in names.keys() & expected - {chosen}}:
                assert other.startswith("stg_") or other in words
        # By the keyboard alone.
        visited.page.select_option("#selected", "")
        assert visited.page.locator(".selecting").count() == 0
        visited.page.focus("#selected")
        visited.page.keyboard.press("ArrowDown")
        assert visited.page.input_value("#selected") == options[1]
        assert options[1] in kept(visited)
        # By a click on any node of a domain, and off by another one.
        visited.page.select_option("#selected", "")
        entity = next(target for source, target in edges if source == options[1])
        for _ in range(2):
            visited.page.locator(f'svg.mesh:visible [data-node="{entity}"]').click()
            assert visited.page.input_value("#selected") in (options[1], "")
        assert visited.page.input_value("#selected") == ""
        visited.page.locator(f'svg.mesh:visible [data-node="{options[-1]}"]').click()
        assert visited.page.input_value("#selected") == options[-1]


def kept(visited: Visit) -> set[str]:
    """The nodes that stand out."""
    return set(
        visited.page.locator("svg.mesh:visible .node.kept").evaluate_all("nodes => nodes.map(n => n.dataset.node)")
    )


def reached(start: str, edges: set[tuple[str, str]]) -> set[str]:
    """Where edges lead to."""
    found: set[str] = set()
    ahead = {start}
    while ahead:
        ahead = {target for source, target in edges if source in ahead} - found
        found |= ahead
    return found


def test_page_is_of_use_without_scripts(built_custom: Mesh, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_of(built_custom).as_uri())
    assert page.locator("svg.mesh:visible .node").count() > 3
    assert not page.locator("#selected").is_visible()
    page.locator("#domain-genomics > summary").click()
    assert page.get_by_text("Variants: called").is_visible()
    context.close()

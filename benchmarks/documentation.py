"""What it costs to write the documentation and the console of a large mesh."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.measure import Cost, Ratio, cost_of, least
from benchmarks.shapes import DOMAINS, rendered_mesh, with_domains
from tests.mesh import Mesh

# The console shows as much of few rows as of many.
FEW = ("--patients", "20", "--days", "1")
# Tests, which are most nodes, need minutes: both programs show them as not run.
NODES = ("--resource-type", "model", "--resource-type", "seed")
CONTENTS = "\n```{toctree}\n:glob:\n:hidden:\n\n**\n```\n"


def plain_pages(source: Path, like: Path) -> Path:
    """Pages of the same names and sizes with the same words, in paragraphs without any markup."""
    for page in like.rglob("*.md"):
        text = page.read_text()
        words = islice(cycle(re.findall(r"[^\W\d_]+", text)), len(text) // 5)
        lines = "\n\n".join(textwrap.wrap(" ".join(words), 400))
        plain = source / page.relative_to(like)
        plain.parent.mkdir(parents=True, exist_ok=True)
        plain.write_text(f"# Page\n\n{lines}"[: len(text)] + "\n")
    with (source / "index.md").open("a") as index:
        index.write(CONTENTS)
    return source


def bench_docs(scratch: Path) -> Sequence[Ratio]:
    """`docs/site/build.py` and `demo/console.py` of a mesh of 200 domains, after a build of its models and `dbt parse`.

    The reference is Sphinx with the same theme on as many pages of the same sizes and words, without tables, links,
    code and pictures.
    """
    # With the cases of the policies, which pages link to.
    mesh = rendered_mesh(scratch, with_domains(DOMAINS[-1]))
    mesh.generate(*FEW)
    mesh.dbt("build", *NODES, "--target", "local")
    mesh.dbt("parse", "--target", "local", "--target-path", "../build/dbt-docs")

    def write() -> None:
        mesh.python("docs/site/build.py")
        mesh.python("demo/console.py")

    mesh.python("docs/site/build.py")
    pages = mesh.root / "build" / "docs" / "source"
    plain = plain_pages(scratch / "plain", pages)
    ours, reference = least(lambda: cost_of(write), lambda: sphinx_alone(mesh, plain, scratch / "site"), times=2)
    as_they_are = sphinx_alone(mesh, pages, scratch / "site")
    console = cost_of(lambda: mesh.python("demo/console.py"))
    count = len(list(plain.rglob("*.md")))
    return [
        Ratio(
            f"documentation and console of {DOMAINS[-1]} domains",
            f"Sphinx on {count} plain pages of equal size",
            ours.cpu,
            reference.cpu,
            "s of CPU",
            1.5,
            (ours.memory, reference.memory),
            distance=f"Sphinx alone takes {as_they_are.cpu:.1f} s on the pages as they are, with Python's collector at"
            f" its defaults: its theme lists all {DOMAINS[-1]} products beside each, and the repository's own documents"
            f" have tables, links and code. The console takes {console.cpu:.1f} s.",
        )
    ]


def sphinx_alone(mesh: Mesh, source: Path, site: Path) -> Cost:
    """What Sphinx costs on pages that are there, with the configuration of the mesh."""
    command = ("-m", "sphinx", "--quiet", "--conf-dir", "docs/site", str(source), str(site))
    return cost_of(lambda: mesh.python(*command), lambda: shutil.rmtree(site, ignore_errors=True))

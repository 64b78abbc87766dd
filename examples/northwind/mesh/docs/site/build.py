"""Build the documentation of the mesh: its Markdown files, and pages made of contracts, answers and dbt's artifacts.

The sources are put together in build/docs/source, the site in build/docs/site. No page asks for anything elsewhere.
"""

from __future__ import annotations

import argparse
import gc
import posixpath
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pages
from mesh import REPOSITORY, Mesh, MeshError, read
from sphinx.cmd.build import build_main

MANIFEST = REPOSITORY / "build/dbt-docs/manifest.json"
BUILD = REPOSITORY / "build/docs"
CONTRACT = re.compile(r"contracts/(\w+)\.odcs\.yaml")
NOTES = "docs/domains/{}.md"

_LINK = re.compile(r"(?<=[^\\]\]\()(?!\w+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
_PICTURE = re.compile(r"^<!-- (picture|table): (\w+) -->$", re.MULTILINE)
_FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """A page with those below it: a file, or a pattern of files."""

    page: str
    below: tuple[str | Chapter, ...] = ()
    title: str | None = None


CONTENTS = Chapter(
    pages.HOME,
    (
        Chapter("README.md", ("demo/README.md",), "Start"),
        Chapter(pages.CATALOGUE, ("catalogue/*.md",), "Data products"),
        Chapter(pages.MARTS, ("marts/*.md",), "Marts"),
        Chapter(
            pages.PHI_MAP,
            (
                "docs/hipaa-control-matrix.md",
                Chapter(
                    "infra/terraform/sentinel-policies/README.md",
                    ("infra/terraform/sentinel-policies/modules/**/README.md",),
                ),
                "SECURITY.md",
            ),
            "Protection",
        ),
        Chapter(
            "docs/architecture.md",
            (
                Chapter("infra/terraform/README.md", ("infra/terraform/modules/**/README.md",)),
                "orchestration/composer/README.md",
                Chapter("docs/decisions/README.md", ("docs/decisions/*.md",)),
            ),
            "Architecture",
        ),
        Chapter(
            "docs/runbooks/README.md",
            ("docs/runbooks/*.md", "docs/delivery.md", "docs/upgrades.md", "docs/cost.md", "docs/**/*.md"),
            "Operations",
        ),
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 0 only if every page was made and every link leads somewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="manifest of dbt (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=BUILD, help="where to build (default: %(default)s)")
    options = parser.parse_args(arguments)
    source, site = options.output / "source", options.output / "site"
    try:
        mesh = read(options.manifest)
        print(f"Writing the pages of {len(mesh.products)} data products and {len(mesh.marts)} marts ...", flush=True)
        for folder in (source, site):
            shutil.rmtree(folder, ignore_errors=True)
        stage(mesh, source)
        print("Building the site ...", flush=True)
    except MeshError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    # Sphinx holds the trees of all pages, which the collector would walk through hundreds of times for nothing.
    gc.set_threshold(200_000, 50, 50)
    title = f"{mesh.shape['organization']} clinical data mesh"
    settings = {"project": title, "html_title": title, "html_short_title": title}
    failed = build_main(
        [
            *("--quiet", "--fail-on-warning", "--keep-going", "--builder", "html"),
            *("--conf-dir", str(Path(__file__).parent), "--doctree-dir", str(options.output / "doctrees")),
            *(f"--define={name}={value}" for name, value in settings.items()),
            *(str(source), str(site)),
        ]
    )
    if failed:
        print("build.py: the documentation is not whole; mend what is named above", file=sys.stderr)
        return 1
    print(f"Open {site / 'index.html'}, or run make docs-serve")
    return 0


def stage(mesh: Mesh, source: Path) -> None:
    """Put the sources together: the repository's own pages and the generated ones, with links between them."""
    own = {
        path: _PICTURE.sub(
            lambda mark: pages.inset(mesh, mark[1], mark[2]), (REPOSITORY / path).read_text(encoding="utf-8")
        )
        for path in sorted(_own_pages(CONTENTS))
    }
    notes = {product.domain: _notes(product.domain) for product in mesh.products}
    generated = pages.generated(mesh)
    texts = own | generated
    written = {path: relocated(text, path, path, texts, mesh) for path, text in texts.items()}
    written |= {path: pages.with_html_tables(written[path]) for path in generated}
    for domain, note in notes.items():
        page = pages.PRODUCT.format(domain)
        written[page] += f"\n\n{relocated(note, NOTES.format(domain), page, texts, mesh)}"
    for path, text in written.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(f"{text.rstrip()}\n", encoding="utf-8")
    for page, tree in _trees(CONTENTS, source).items():
        with (source / page).open("a", encoding="utf-8") as file:
            file.write(tree)


def relocated(text: str, origin: str, page: str, texts: Mapping[str, str], mesh: Mesh) -> str:
    """Markdown of the file `origin`, with the links that it needs as the page `page`.

    A link to a file that is a page leads there, one to a contract to its data product, any other to the repository on
    GitHub. Raises MeshError for a link to what is not there.
    """
    parts = []
    end = 0
    for fence in _FENCE.finditer(text):
        parts += [_relinked(text[end : fence.start()], origin, page, texts, mesh), fence.group()]
        end = fence.end()
    return "".join([*parts, _relinked(text[end:], origin, page, texts, mesh)])


def _relinked(text: str, origin: str, page: str, texts: Mapping[str, str], mesh: Mesh) -> str:
    def address(link: re.Match[str]) -> str:
        target, place = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link[1])), link[2] or ""
        for candidate in (target, f"{target}/README.md"):
            if candidate in texts:
                return pages.address(page, candidate) + place
        product = pages.PRODUCT.format(match[1]) if (match := CONTRACT.fullmatch(target)) else page
        if product in texts and product != page:
            return pages.address(page, product)
        if not (REPOSITORY / target).exists():
            raise MeshError(f"{origin}: the link to {link[1]} leads nowhere")
        kind = "tree" if (REPOSITORY / target).is_dir() else "blob"
        return f"https://github.com/{mesh.shape['repository']}/{kind}/main/{target}{place}"

    return _LINK.sub(address, text)


def _notes(domain: str) -> str:
    """What the owner of a domain wrote, as a part of a page."""
    path = REPOSITORY / NOTES.format(domain)
    if not path.exists():
        return "Nothing yet."
    _, _, text = path.read_text(encoding="utf-8").partition("\n")
    return re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE).strip()


def _own_pages(chapter: Chapter) -> Iterable[str]:
    """The pages of the contents that are files of the repository."""
    for pattern in (chapter.page, *(part for part in chapter.below if isinstance(part, str))):
        for path in sorted(REPOSITORY.glob(pattern)):
            name = path.relative_to(REPOSITORY).as_posix()
            if not name.startswith("docs/domains/"):
                yield name
    for part in chapter.below:
        if isinstance(part, Chapter):
            yield from _own_pages(part)


def _trees(contents: Chapter, source: Path) -> dict[str, str]:
    """Page -> the table of contents of what is below it, in Sphinx's terms. Each page stands in one of them."""
    placed = {contents.page}
    trees: dict[str, str] = {}

    def tree(chapter: Chapter) -> None:
        # A mesh may have no marts.
        parts = [part for part in chapter.below if isinstance(part, Chapter) and (source / part.page).exists()]
        placed.update(part.page for part in parts)
        entries = []
        for part in chapter.below:
            if isinstance(part, Chapter):
                if part in parts:
                    entries.append(f"{part.title} </{part.page}>" if part.title else f"/{part.page}")
            else:
                matched = {path.relative_to(source).as_posix() for path in source.glob(part)} - placed
                placed.update(matched)
                entries += [f"/{path}" for path in sorted(matched)]
        if entries:
            trees[chapter.page] = "\n```{toctree}\n:hidden:\n\n" + "\n".join(entries) + "\n```\n"
        for part in parts:
            tree(part)

    tree(contents)
    return trees


if __name__ == "__main__":
    sys.exit(main())

"""Documentation that was built, read as HTML without a browser."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.render import files_of

# What a page fetches, as against what it links to.
FETCHES = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


@dataclass
class Page(HTMLParser):
    """One page: its links, what it fetches, its anchors and its text."""

    html: str
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    codes: list[str] = field(default_factory=list)
    # The name of each box of a picture, and how many curves there are.
    boxes: list[str] = field(default_factory=list)
    curves: int = 0

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._open: list[tuple[str, Mapping[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.links.append(str(attributes["href"]))
        if tag in FETCHES and attributes.get(FETCHES[tag]) and attributes.get("rel") not in ("index", "search", "next"):
            self.fetched.append(str(attributes[FETCHES[tag]]))
        if attributes.get("id"):
            self.anchors.add(str(attributes["id"]))
        if tag == "path" and "edge" in str(attributes.get("class")):
            self.curves += 1
        self._open.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and those in it that were never closed."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Take note of text."""
        self._words.append(data)
        tags = [tag for tag, _ in self._open]
        if "code" in tags and "pre" not in tags:
            self.codes.append(data)
        if tags and tags[-1] == "text" and self._open[-1][1].get("class") == "name":
            self.boxes.append(data)

    @property
    def text(self) -> str:
        """All text, one space between words."""
        return " ".join(" ".join(self._words).split())


@dataclass(frozen=True)
class Documentation:
    """What `make docs` left in a repository."""

    root: Path
    folder: Path

    @property
    def site(self) -> Path:
        """The pages."""
        return self.folder / "site"

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Path below the site -> page."""
        return {
            path.relative_to(self.site).as_posix(): Page(path.read_text(encoding="utf-8"))
            for path in sorted(self.site.rglob("*.html"))
            # Parts of the theme.
            if "_static" not in path.parts
        }

    def broken(self) -> list[str]:
        """Links and what is fetched that lead nowhere, or elsewhere where nothing may be fetched."""
        wrong = []
        for name, page in self.pages.items():
            for target in page.links + page.fetched:
                parts = urlsplit(target)
                if parts.scheme or parts.netloc:
                    if target in page.fetched or parts.scheme not in ("https", "http", "mailto"):
                        wrong.append(f"{name}: {target} is elsewhere")
                    continue
                path = posixpath.normpath(
                    posixpath.join(posixpath.dirname(name), unquote(parts.path) or name.rpartition("/")[2])
                )
                if not (self.site / path).is_file():
                    wrong.append(f"{name}: {target} is not there")
                elif parts.fragment and path in self.pages and parts.fragment not in self.pages[path].anchors:
                    wrong.append(f"{name}: {target} has no such place")
        return wrong

    def reached(self, start: str = "index.html") -> set[str]:
        """Pages that links lead to, from the first."""
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.pages:
                continue
            seen.add(name)
            for target in self.pages[name].links:
                parts = urlsplit(target)
                if not parts.scheme and parts.path:
                    waiting.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))))
        return seen

    def files(self) -> dict[str, bytes]:
        """All files of the site."""
        return files_of(self.site)

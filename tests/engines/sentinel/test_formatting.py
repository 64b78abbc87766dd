"""The canonical form: what published policies show of it, and what must hold whatever the text."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from . import SentinelSyntaxError, Source, format_source
from .parser import parse

PROGRAMS = yaml.safe_load((Path(__file__).parent / "cases" / "programs.yaml").read_text())


def formatted(text: str) -> str:
    return format_source(Source("p.sentinel", text))


CANONICAL = [
    # The rule's own body is not indented once more, other expressions are.
    "main = rule {\n\ta and\n\tb\n}\n",
    "x = filter y as _, r {\n\tr.a is 1 and\n\t\tr.b is 2 and\n\t\t(r.c is 3 or\n\t\t\tr.d is 4)\n}\n",
    "f = func(r) {\n\treturn r is defined and\n\t\tr is not empty\n}\n",
    "f = func(r) {\n\treturn (r is false or\n\t\t(r is true))\n}\n",
    "f = func(r) {\n\tif r is defined or\n\t\tr is empty {\n\t\treturn r\n\t}\n\treturn 1\n}\n",
    # Brackets that open on one line indent once.
    "x = reject(y, func(r) {\n\treturn true\n})\n",
    "x = g(\n\ty, z)\n",
    'x = [\n\t"a",\n\t"b",\n]\n',
    'x = [\n\t{\n\t\t"a": 1,\n\t},\n]\n',
    # The values of single-line entries are aligned, entries over lines stand for themselves.
    'x = {\n\t"a":   1,\n\t"bcd": [],\n\t"e": {\n\t\t"f": 1,\n\t},\n\t"g":      1,\n\t"hijklm": 2,\n}\n',
    'x = {\n\t"a": 1,\n\n\t"bcd": 2,\n}\n',
    # But not keys that are very much longer.
    'x = {\n\t"cors": [],\n\t"default_event_based_hold": null,\n\t"encryption":               [],\n}\n',
    'x = {\n\t"a": n,\n\t"b": map v as _, w {\n\t\t{\n\t\t\t"a":  w.a,\n\t\t\t"bc": w.b,\n\t\t}\n\t},\n}\n',
    # Comments.
    "# one\n\n# two\na = 1 // three\nbcd = 2\n",
    "a = 1   # one\nbcd = 2 # two\n",
    "f = func() {\n\t# one\n\treturn 1 /* two */\n\t# three\n}\n",
    # Statements.
    "case x {\n# one\nwhen 1, 2:\n\ty = 1\nelse:\n\ty = 2\n}\n",
    "if a {\n\tb = 1\n} else if c {\n\tb = 2\n} else {\n\tb = 3\n}\n",
    "for a as k, v {\n\tprint(k, v)\n\tbreak\n}\n",
    'import "a/b" as c\n\nparam d default {"e": -1}\n',
    "func f(a, b) {\n\treturn a\n}\n",
    # Expressions.
    "x = -a + b*1\n".replace("b*1", "b * 1"),
    "x = a[1:2] + a[:] + a[-1:]\n",
    "x = not a and !b or (c xor d)\n",
    'x = a.b["c"](d).e else {}\n',
    "x = func() { return 1 }\n",
    "x = func() { a = 1; return a }\n",
    "x = map a as b { b }\n",
    "x = all a as b { any b as c { c } }\n",
    "x = y is not empty and z is not defined and 1 not in w\n",
    "main = rule when a { b }\n",
    "x = `raw\n  text`\n",
]


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_text_stays(text: str) -> None:
    assert formatted(text) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("\n\n\na=1\n\n\n\nb  =  2\n\n", "a = 1\n\nb = 2\n"),
        ("a=1;b=2;", "a = 1\nb = 2\n"),
        ("main=true\r\n", "main = true\n"),
        ("if a{b=1}else{b=2}", "if a {\n\tb = 1\n} else {\n\tb = 2\n}\n"),
        ("case a{when 1:b=1;c=2\nelse:b=3}", "case a {\nwhen 1:\n\tb = 1\n\tc = 2\nelse:\n\tb = 3\n}\n"),
        ("f=func( a ,b ){\nreturn a}", "f = func(a, b) {\n\treturn a\n}\n"),
        ("f=func(){a=1;\nreturn a}", "f = func() {\n\ta = 1\n\treturn a\n}\n"),
        ("x = f ( a [ 1 ] , { 1 : 2 } )", "x = f(a[1], {1: 2})\n"),
        ("x = { }\ny = [ ]\nz = func() { return 1 }", "x = {}\ny = []\nz = func() { return 1 }\n"),
        ("x = {\n'a': 1}".replace("'", '"'), 'x = {\n\t"a": 1}\n'),
        ("x=[\n1,\n  # one\n  2,\n]", "x = [\n\t1,\n\t# one\n\t2,\n]\n"),
        ("main = rule {a or\nb}", "main = rule { a or\n\tb }\n"),
        ("#one\n  #two   \na=1", "#one\n#two\na = 1\n"),
        ("x = a  /* b */  + c", "x = a /* b */ + c\n"),
    ],
)
def test_text_is_made_canonical(text: str, canonical: str) -> None:
    assert formatted(text) == canonical
    assert formatted(canonical) == canonical


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(SentinelSyntaxError):
        formatted("main =")


@pytest.mark.parametrize("case", PROGRAMS, ids=lambda case: case["settled_by"])
def test_programs_keep_their_meaning(case: dict[str, str]) -> None:
    source = Source("p.sentinel", case["program"])
    try:
        program = parse(source)
    except SentinelSyntaxError:
        return
    text = format_source(source)
    assert parse(Source("p.sentinel", text)) == program
    assert formatted(text) == text

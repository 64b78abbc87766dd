"""Whatever the text: the parser gives a program or its own error, and the formatter keeps what a program means."""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from . import (
    Configuration,
    LimitExceeded,
    Limits,
    Policy,
    SentinelError,
    SentinelSyntaxError,
    Source,
    find_cases,
    format_source,
    run_case,
)
from .parser import parse
from .tokens import KEYWORDS, WORD_OPERATORS

SEED = 20261124
CASES = Path(__file__).parent / "cases"
PROGRAMS = [case["program"] for case in yaml.safe_load((CASES / "programs.yaml").read_text())]
WORDS = [
    *sorted(KEYWORDS | WORD_OPERATORS),
    *("a", "b", "print", "empty", "defined", "true", "null", "undefined", "1", "0x1", "2.5", '"s"', "`r`"),
    *"+-*/%=<>!()[]{},.:;",
    *("==", "!=", "<=", ">=", "+="),
    *("\n", "# c\n", "/* c */", "// c\n"),
]


def check(text: str) -> bool:
    """Whether it is a program; if so, that its canonical form means the same and is stable."""
    source = Source("fuzz.sentinel", text)
    try:
        program = parse(source)
    except SentinelSyntaxError as error:
        assert error.position is None or error.position.excerpt() is not None
        return False
    formatted = format_source(source)
    assert parse(Source("fuzz.sentinel", formatted)) == program
    assert format_source(Source("fuzz.sentinel", formatted)) == formatted, text
    return True


def test_token_soup() -> None:
    chance = random.Random(SEED)
    programs = sum(check(" ".join(chance.choices(WORDS, k=chance.randint(1, 12)))) for _ in range(6000))
    assert programs > 50


def test_mutations_of_programs() -> None:
    chance = random.Random(SEED)
    programs = 0
    for _ in range(2500):
        text = chance.choice(PROGRAMS)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text) + 1)
            end = min(len(text), at + chance.randint(0, 4))
            text = text[:at] + chance.choice([" ", "\n", "", chance.choice(WORDS)]) + text[end:]
        if check(text):
            programs += 1
            # What can never work is refused when it is compiled.
            with suppress(SentinelError):
                Policy.parse(text).evaluate(limits=Limits(steps=2000, depth=50))
    assert programs > 300


def test_random_characters() -> None:
    chance = random.Random(SEED)
    alphabet = '\0\t\n\r "\\`#/*{}[]().,:;azA09_+-éλ٣日\u2028\ufeff\udc80\U0001f600'
    for _ in range(3000):
        check("".join(chance.choices(alphabet, k=chance.randint(0, 30))))


def test_unreadable_bytes(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for number in range(200):
        path = tmp_path / f"p{number}.sentinel"
        path.write_bytes(chance.randbytes(chance.randint(0, 60)))
        with suppress(SentinelError):
            Policy.load(path)


@pytest.mark.parametrize("opening", ["(", "[", "{1:", "not ", "-", "if true {", "func() { return ", "any ", "a["])
def test_deep_nesting_is_refused(opening: str) -> None:
    with pytest.raises(SentinelSyntaxError):
        parse(Source("deep.sentinel", "x = " * (not opening.startswith("if")) + opening * 5000))


@pytest.mark.parametrize(
    "use",
    [
        *("print(l)", "x = l is m", "x = [l] contains m", "x = json.marshal(l)", 'x = strings.join(l, "")'),
        *("x = l[0]", "x = n.data(l)", 'x = json.unmarshal(strings.join(map range(40000) as i { "[" }, ""))'),
    ],
)
def test_deep_values_do_not_end_the_process(use: str, tmp_path: Path) -> None:
    deep = "for range(40000) as i {\n\tl = [l]\n\tm = [m]\n}\n"
    text = f'import "json"\nimport "strings"\nimport "n"\nl = []\nm = []\n{deep}{use}\nmain = true\n'
    (tmp_path / "n.sentinel").write_text("data = func(x) { return x }\n")
    path = tmp_path / "case.hcl"
    path.write_text('import "module" "n" {\n  source = "n.sentinel"\n}\n')
    outcome = Policy.parse(text).evaluate(configuration=Configuration.load(path))
    assert outcome.passed or isinstance(outcome.error, LimitExceeded), outcome.error


def test_long_chains_are_not_deep() -> None:
    chain = " and ".join(["true"] * 3000)
    assert Policy.parse(f"main = rule {{ {chain} }}").evaluate().passed
    total = " + ".join(["1"] * 2000)
    assert Policy.parse(f"main = rule {{ {total} is 2000 }}").evaluate().passed
    assert format_source(Source("p.sentinel", f"x={total}")) == f"x = {total}\n"


def test_corpus() -> None:
    """The published libraries below SENTINEL_CORPUS: every case passes, every file has a stable canonical form."""
    corpus = os.environ.get("SENTINEL_CORPUS")
    if not corpus:
        pytest.skip(
            "SENTINEL_CORPUS names no folder of policy libraries; their licences keep them out of this repository"
        )
    counts: Counter[str] = Counter()
    failed = []
    for policy, case in find_cases(Path(corpus)):
        result = run_case(policy, case)
        counts[result.status] += 1
        if result.status == "failed":
            failed.append(f"{case}: {result.reason}")
    for path in sorted(Path(corpus).rglob("*.sentinel")):
        check(path.read_text())
    print(dict(counts))
    assert not failed, "\n".join(failed)
    assert counts["passed"]

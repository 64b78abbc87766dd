"""The questions of a template, asked by copier without rendering a file, and answers that lie at their edges.

What a question takes is found out by asking its validator: the longest name, the characters that may stand in one, the
smallest number. So nothing of a validator is written down here a second time.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, combinations, product, zip_longest
from pathlib import Path
from typing import Any

import copier
import jinja2
import yaml
from copier.errors import CopierError

from tests.answers import CUSTOM

Answers = dict[str, Any]

ANSWERS_FILE = ".copier-answers.yml"
# As copier names the question that it stops at.
STOPPED_AT = re.compile(r"[Qq]uestion ['\"](\w+)['\"]")
REQUIRED = re.compile(r"^Question \"(\w+)\" is required$")

# Characters that rules of names tell apart, and texts that are longer than any of them allows.
CHARACTERS = (*"A0 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~é日", "\t", "--", "..", "__")
ENDS = (*"A0-_. ",)
LONGEST = 1100
LARGEST = 10**6


@dataclass(frozen=True)
class Outcome:
    """What came of a set of answers: what copier recorded, or where and why it stopped."""

    recorded: Answers | None = None
    question: str | None = None
    error: str = ""

    @property
    def required(self) -> bool:
        """Whether it stopped at a question that has neither answer nor default."""
        return REQUIRED.match(self.error) is not None


class Questions:
    """The questions of a template. `template` is a folder without git; `scratch` is made, and holds what copier makes.

    The copy that is asked has no computed model and no files, so that an answer costs hundredths of a second.
    """

    def __init__(self, template: Path, scratch: Path) -> None:
        settings: Answers = yaml.safe_load((template / "copier.yml").read_text())
        self.asked: dict[str, Answers] = {
            name: question
            for name, question in settings.items()
            if not name.startswith("_") and question.get("when") is not False
        }
        self.order = [*self.asked]
        self.template, self._copies = scratch / "questions", scratch / "copies"
        self._known: dict[str, Outcome] = {}
        self._jinja = validating(template, settings["_envops"])
        shutil.copytree(template / "extensions", self.template / "extensions")
        kept = {name: settings[name] for name in settings if re.match(r"_(?!exclude|message|skip_if_exists)", name)}
        (self.template / "copier.yml").write_text(yaml.safe_dump(kept | self.asked, sort_keys=False))
        files = self.template / settings["_subdirectory"]
        (answers_file,) = (template / settings["_subdirectory"]).glob("*_copier_conf.answers_file*")
        files.mkdir()
        shutil.copy2(answers_file, files)

    @cached_property
    def schema(self) -> Answers:
        """The schema of a domain."""
        schema: Answers = json.loads((self.template / "extensions/schemas/domain.schema.json").read_text())
        return schema

    @cached_property
    def domains(self) -> list[Answers]:
        """The built-in domains."""
        return [yaml.safe_load(path.read_text()) for path in sorted(self.template.glob("extensions/domains/*.yml"))]

    def answer(self, answers: Answers) -> Outcome:
        """A first copy with these answers, and defaults for the others."""
        return self._ask(answers, None)

    def update(self, recorded: Answers, given: Answers | None = None) -> Outcome:
        """What an update makes of recorded answers, with what is given and defaults for what is new besides."""
        return self._ask(given or {}, recorded)

    def stand_ins(self, recorded: Answers | None, known: Answers) -> Answers:
        """An answer to each question that has no default, and is not among the recorded answers of an update.

        None where nothing was found that the question takes; what comes after that one was not asked.
        """
        given: Answers = {}

        def fits(name: str, value: Any) -> bool:
            outcome = self._ask(given | {name: value}, recorded)
            return outcome.recorded is not None or outcome.question not in (None, name)

        while (outcome := self._ask(given, recorded)).required and outcome.question not in given:
            name = str(outcome.question)
            choices = self.choices.get(name, [])
            candidates = [
                known.get(name),
                choices[:1],
                *choices,
                self.asked[name].get("placeholder"),
                "aaaa",
                1,
                True,
                {"a": "a"},
                ["a"],
            ]
            given[name] = next((value for value in candidates if value and fits(name, value)), None)
        return given

    def validator(self, name: str, answers: Answers) -> Callable[[Any], bool]:
        """Whether a question lets a value pass among complete answers, asked without copier: to search for edges."""
        template = self._jinja.from_string(self.asked[name].get("validator", ""))
        before = {other: answers[other] for other in self.order[: self.order.index(name)]}

        def passes(value: Any) -> bool:
            try:
                return not template.render(before | {name: value}).strip()
            except (ValueError, TypeError, LookupError, AttributeError, jinja2.TemplateError):
                return False

        return passes

    def passes(self, answers: Answers) -> bool:
        """Whether all validators let complete answers pass."""
        return all(self.validator(name, answers)(answers[name]) for name in self.order if name in answers)

    @cached_property
    def choices(self) -> dict[str, list[Any]]:
        """Question -> what can be chosen, where everything was chosen before."""
        found: dict[str, list[Any]] = {}
        for name, question in self.asked.items():
            listed = question.get("choices")
            if isinstance(listed, str):
                listed = yaml.safe_load(self._jinja.from_string(listed).render(self.chosen(found)))
            if listed is not None:
                found[name] = [*values(listed)]
        return found

    def chosen(self, choices: dict[str, list[Any]]) -> Answers:
        """Answers that choose everything that can be chosen at once."""
        return {name: choices[name] for name in choices if self.asked[name].get("multiselect")}

    def _ask(self, answers: Answers, recorded: Answers | None) -> Outcome:
        key = json.dumps([answers, recorded], sort_keys=True, default=str)
        if key not in self._known:
            self._known[key] = self._asked_anew(answers, recorded)
        return self._known[key]

    def _asked_anew(self, answers: Answers, recorded: Answers | None) -> Outcome:
        copy = self._copies / str(len(self._known))
        copy.mkdir(parents=True)
        if recorded is not None:
            (copy / ANSWERS_FILE).write_text(yaml.safe_dump({"_src_path": str(self.template), **recorded}))
        try:
            copier.run_copy(str(self.template), copy, data=answers, defaults=True, overwrite=True, quiet=True)
        except (ValueError, TypeError, LookupError, jinja2.TemplateError, CopierError) as error:
            stopped = STOPPED_AT.search(str(error))
            return Outcome(question=stopped[1] if stopped else None, error=" ".join(str(error).split()))
        made = yaml.safe_load((copy / ANSWERS_FILE).read_text())
        return Outcome(recorded={name: value for name, value in made.items() if not name.startswith("_")})


def validating(template: Path, options: Answers) -> jinja2.Environment:
    """Jinja as copier sets it up for a template. Documents that validators include are parsed once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **options | {"undefined": jinja2.StrictUndefined},
    )
    environment.filters["from_yaml"] = cache(environment.filters["from_yaml"])
    return environment


def values(choices: Any) -> Iterator[Any]:
    """The values of choices: a list of values or of [label, value], or label -> value, in copier's own forms."""
    for choice in choices.items() if isinstance(choices, dict) else choices:
        value = choice[1] if isinstance(choice, list | tuple) else choice
        yield value["value"] if isinstance(value, dict) else value


def groups_taken(items: Sequence[Any], takes: Callable[[list[Any]], bool]) -> list[list[Any]]:
    """Groups, as large as can be, that hold every item which is taken alone: few questions find many refusals."""
    if not items or takes([*items]):
        return [[*items]] if items else []
    if len(items) == 1:
        return []
    half = len(items) // 2
    return groups_taken(items[:half], takes) + groups_taken(items[half:], takes)


def last_taken(first: int, beyond: int, takes: Callable[[int], bool]) -> int:
    """The last number that is taken, from `first`, which is, towards `beyond`; between them lies one edge."""
    if takes(beyond):
        return beyond
    while abs(beyond - first) > 1:
        middle = (first + beyond) // 2
        first, beyond = (middle, beyond) if takes(middle) else (first, middle)
    return first


def edge_texts(text: str, takes: Callable[[str], bool]) -> Iterator[str]:
    """Texts at the edges of what is taken, `text` being one that is: how long, with which characters, and where."""
    letter = "1" if text.isdigit() else "a"
    lengths: list[Callable[[int], str]] = [
        lambda n: letter * n,
        lambda n: text + letter * n,
        lambda n: letter * n + text,
    ]
    for grown in lengths:
        shortest = next((n for n in range(1, 13) if takes(grown(n))), None)
        if shortest is not None:
            yield grown(shortest)
            yield grown(last_taken(shortest, LONGEST, lambda n: takes(grown(n))))  # noqa: B023 - called at once
    for place in (1, len(text) - 1):

        def filled(characters: list[str], place: int = place) -> str:
            return text[:place] + "".join(f"{character}{letter}" for character in characters) + text[place:]

        yield from map(filled, groups_taken(CHARACTERS, lambda characters: takes(filled(characters))))
    yield from filter(takes, chain.from_iterable((text + end, end + text) for end in ENDS))


def covering_pairs(choices: dict[str, list[Any]]) -> Iterator[Answers]:
    """Few sets of answers in which every two choices of two questions stand together."""
    names = [*choices]
    missing = {
        ((one, first), (other, second))
        for one, other in combinations(names, 2)
        for first, second in product(range(len(choices[one])), range(len(choices[other])))
    }
    for chosen in product(*(range(len(choices[name])) for name in names)):
        pairs = set(combinations(zip(names, chosen, strict=True), 2))
        if pairs & missing:
            missing -= pairs
            yield {name: choices[name][index] for name, index in zip(names, chosen, strict=True)}


def edge_cases(questions: Questions) -> Iterator[Answers]:
    """Answers as a release records them, at the edges of what it takes, around answers that choose little and much.

    A question is known by what it asks for: choices, yes or no, text, a number, a mapping of what was chosen before, a
    list of domains. The first case is the plainest. One case looks at an edge of as many questions as go together.
    """
    choices = questions.choices
    widest = questions.chosen(choices)
    narrow: Answers = {name: chosen[:1] for name, chosen in widest.items()}
    booleans = [name for name, question in questions.asked.items() if question["type"] == "bool"]
    free = {
        name: question
        for name, question in questions.asked.items()
        if name not in choices and name not in booleans and question.get("ask") is not False
    }
    closed: dict[str, list[Any]] = {name: [True, False] for name in booleans}
    among = chosen_among(questions)
    closed |= {name: choices[name] for name in choices if name not in widest and name not in among}
    generous: Answers = widest | dict.fromkeys(booleans, True)
    plain, full = (questions.answer(answers) for answers in (narrow, generous))
    if plain.recorded is None or full.recorded is None:
        raise ValueError(f"The template does not take its own defaults: {plain.error or full.error}")
    yield plain.recorded
    yield full.recorded

    columns: list[list[Answers]] = [[*covering_pairs(closed)]]
    for name in free:
        validator = questions.validator(name, plain.recorded)
        columns.append([{name: value} for value in edge_values(plain.recorded[name], choices, validator, questions)])
    columns += [[*selections(questions, name)] for name in widest] + [[*selections(questions, name)] for name in among]
    yield from together(questions, narrow, columns)
    # What is made of several answers has limits of its own, and domains refer to others.
    answers = {name: value for name, value in full.recorded.items() if questions.asked[name].get("ask") is not False}
    for name in free:
        if isinstance(answers[name], str):
            texts = longest_texts(lambda text: questions.passes(answers | {name: text}))  # noqa: B023 - called at once
            yield from together(questions, answers, [[{name: text} for text in texts]])
        elif isinstance(answers[name], list):
            validator = questions.validator(name, full.recorded)
            yield from together(questions, answers, [[{name: value} for value in whole_domains(questions, validator)]])


def together(questions: Questions, around: Answers, columns: list[list[Answers]]) -> Iterator[Answers]:
    """Cases of a row each, an answer of every column, and of the answers one by one where they do not go together."""
    for row in zip_longest(*columns, fillvalue={}):
        outcome = questions.answer(around | {name: value for answers in row for name, value in answers.items()})
        outcomes = [outcome] if outcome.recorded else [questions.answer(around | answers) for answers in row if answers]
        yield from (outcome.recorded for outcome in outcomes if outcome.recorded)


def chosen_among(questions: Questions) -> dict[str, set[str]]:
    """Question -> the questions whose answers are its choices."""
    found: dict[str, set[str]] = {}
    for name, question in questions.asked.items():
        text = question.get("choices")
        others = {other for other in questions.asked if isinstance(text, str) and re.search(rf"\[= {other}\b", text)}
        # A list that a file holds may bear the question's own name.
        found[name] = others - {name}
    return {name: others for name, others in found.items() if others}


def selections(questions: Questions, name: str) -> Iterator[Answers]:
    """Every choice of a question alone, and of up to four choices every selection."""
    listed, widest = questions.choices[name], questions.chosen(questions.choices)
    if name not in widest:
        wide = {other: widest[other] for other in chosen_among(questions).get(name, ())}
        yield from (wide | {name: choice} for choice in listed)
        return
    for count in range(1, len(listed) + 1) if len(listed) <= 4 else [1]:
        yield from ({name: [*chosen]} for chosen in combinations(listed, count))


def longest_texts(takes: Callable[[str], bool]) -> Iterator[str]:
    """The longest text of letters that is taken, if any is."""
    if takes("aaa"):
        yield "a" * last_taken(3, LONGEST, lambda n: takes("a" * n))


def edge_values(
    value: Any, choices: dict[str, list[Any]], takes: Callable[[Any], bool], questions: Questions
) -> Iterator[Any]:
    """Values at the edges of what is taken, `value` being one that is."""
    if isinstance(value, str):
        yield from edge_texts(value, takes)
    elif isinstance(value, int):
        yield last_taken(value, -1, takes)
        yield last_taken(value, LARGEST, takes)
        yield from filter(takes, [str(value), float(value)])
    elif isinstance(value, dict):
        yield from edge_mappings(value, choices, takes)
    elif isinstance(value, list):
        yield from edge_domains(questions, takes)


def edge_mappings(
    value: dict[str, dict[str, str]], choices: dict[str, list[Any]], takes: Callable[[Any], bool]
) -> Iterator[Any]:
    """What a mapping of chosen things to their attributes may leave out, hold besides, and hold in one attribute."""
    ((key, attributes),) = value.items()
    (others,) = [chosen for chosen in choices.values() if key in chosen]
    for left_out in ((), ("gcp_project",), ("aws_account",)):
        whole = {
            other: {name: text.replace(key, other) for name, text in attributes.items() if name not in left_out}
            for other in others
        }
        yield from filter(takes, [whole, {other: whole[other] for other in others[1:]}])
    yield from filter(takes, [{}, None, [], {key: {}}, {key: None}, {key: attributes, "": attributes}])
    yield from filter(takes, [{key: attributes | {"a": "a"}}, {key: attributes, others[1]: attributes}])
    for name, text in attributes.items():

        def within(answer: Any, name: str = name) -> dict[str, Any]:
            return {key: attributes | {name: answer}}

        yield from filter(takes, [within(None), within(111111111111), within("")])
        yield from map(within, edge_texts(text, lambda answer: takes(within(answer))))


def edge_domains(questions: Questions, takes: Callable[[Any], bool]) -> Iterator[Any]:
    """Domains of one's own which refer to no other: short and long forms, and everything that their schema has."""
    definitions = questions.schema["$defs"]

    def short(*columns: Any, **attributes: Any) -> Any:
        return [{"name": "genomics", "columns": ["variant_id", *columns], **attributes}]

    def many(columns: list[Any]) -> Any:
        return short(*({"name": f"column_{number}"} | column for number, column in enumerate(columns)))

    yield from filter(takes, [[], short(), short("gene"), short({"name": "gene"})])
    yield from filter(takes, [[*short(), {"name": "imaging", "columns": ["image_id"]}]])
    # Each column can do without the others, so those that are taken stand in one domain.
    columns = [
        {attribute: value}
        for attribute, schema in definitions["column"]["properties"].items()
        for value in schema_values(schema, definitions)
    ]
    columns += [{"type": "array", "items": scalar} for scalar in definitions["scalar"]["enum"]]
    columns += [
        {"type": "struct", "fields": [{"name": "a", "type": scalar}]} for scalar in definitions["scalar"]["enum"]
    ]
    yield from map(many, groups_taken(columns, lambda group: takes(many(group))))
    for attribute, schema in definitions["domain"]["properties"].items():
        yield from filter(takes, (short(**{attribute: value}) for value in schema_values(schema, definitions)))
    for made in (
        lambda n: [{"name": "a" * n, "columns": ["variant_id"]}],
        lambda n: short("a" * n),
        lambda n: short({"name": "gene", "physical_name": "a" * n}),
        lambda n: short({"name": "gene", "description": "a" * n}),
        lambda n: short(owner="a" * n),
        lambda n: short(title="a" * n),
        lambda n: short(*(f"column_{number}" for number in range(n))),
        lambda n: [{"name": "genomics", "entities": [{"name": "a" * n, "columns": ["variant_id"]}]}],
    ):
        shortest = next((n for n in range(1, 4) if takes(made(n))), None)
        if shortest is not None:
            yield made(shortest)
            yield made(last_taken(shortest, 350, lambda n: takes(made(n))))  # noqa: B023 - called at once


def whole_domains(questions: Questions, takes: Callable[[Any], bool]) -> Iterator[Any]:
    """Domains with everything that one can hold: that of other tests, and the built-in ones under new names."""
    yield from filter(takes, [CUSTOM["custom_domains"]])
    yield from groups_taken([domain | {"name": f"own{domain['name']}"[:20]} for domain in questions.domains], takes)


def schema_values(schema: Any, definitions: Any) -> list[Any]:
    """The values that a JSON schema names: those of an enumeration, the ends of a range, both truths."""
    schema = definitions[schema["$ref"].rsplit("/", 1)[-1]] if "$ref" in schema else schema
    if schema.get("type") == "boolean":
        return [True, False]
    ends = [schema[end] for end in ("minimum", "maximum") if end in schema]
    return [*schema.get("enum", ends)]

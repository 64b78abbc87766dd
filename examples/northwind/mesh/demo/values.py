"""SQL expressions that give each column a plausible value, from what its contract says of it.

Nothing here is random: every draw follows from seed, entity, column and row, so that a seed always gives the same
data, whatever else is in the mesh. The bits of a row are made by plain arithmetic, whose values, unlike those of
hash(), never change between releases of DuckDB.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from landing import identifier, literal
from patterns import PatternError, positions

from contracts import VERSION, CodeSystem, Column, Entity

HISTORY_DAYS = 730
# Room between the last event and the first landing, for what follows an event.
SETTLING_DAYS = 40
ROW = "_row"
BITS = ("_low_bits", "_high_bits")
DAY = "_day"

# Types of the values before they land. Wall-clock time is UTC.
_RAW_TYPES = {
    "string": "varchar",
    "integer": "bigint",
    "number": "decimal(38, 9)",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_MOST_ITEMS = 4
# Share of the rows that hold one of the codes the contract calls typical.
_TYPICAL = 0.8
# A prime that divides none of the bases used here, so that different rows stay different.
_STEP = 1_000_003
# Of 80840, the issuer prefix of US health identifiers, to the Luhn sum.
_NPI_PREFIX_SUM = 24


@dataclass(frozen=True)
class Settings:
    """What the command line says."""

    patients: int = 200
    days: int = 3
    first_day: datetime.date = datetime.date(2026, 1, 5)
    seed: int = 1

    def day(self, number: int) -> datetime.date:
        """The landed date of a partition, counted from 1."""
        return self.first_day + datetime.timedelta(days=number - 1)


@dataclass
class Values:
    """The value expressions of one entity.

    rows: its number of rows. settled: the columns that its rows have already. numbered: the references of which they
    have the number of the other row, with the values of its entity.
    """

    entity: Entity
    settings: Settings
    code_systems: Mapping[str, CodeSystem]
    rows: int
    settled: frozenset[str] = frozenset()
    numbered: Mapping[str, Values] = field(default_factory=dict)

    # -- keys ----------------------------------------------------------------------------------------------------------

    @property
    def held(self) -> str:
        """What references hold until they land: the row's number if it gives the key, else the column of the key.

        Numbers are less work than text to join, to sort and to keep.
        """
        key = self.entity.key
        is_given = not (key.reference or self._listed(key)) and self._scalar(key) == self.key_of(ROW)
        return ROW if is_given else key.name

    def holder(self, name: str) -> str:
        """Name of the column that rows have in the place of that one: of a numbered reference, the number."""
        return f"_number.{name}" if name in self.numbered else name

    def key_of(self, number: str) -> str:
        """The key of the row of that number, where references hold the number."""
        return _key(self.entity.name, number, self.rows)

    # -- draws ---------------------------------------------------------------------------------------------------------

    def row_bits(self) -> list[str]:
        """Twice 32 pseudo-random bits of a row."""
        return [_mixed(f"xor({ROW}::ubigint, {factor}::ubigint)") for factor in self._factors(ROW)]

    def draw(self, purpose: str) -> str:
        """32 pseudo-random bits of the row for this purpose, usually a column's name.

        Both halves of the row's bits are multiplied by odd numbers of the purpose, which is less work than to mix the
        row anew for each draw. The middle bits of such products are even; the lowest differ little from one purpose
        to another, and the highest depend on the size of the factors. They are handed out as a signed number, as counts
        are: of one with and one without a sign DuckDB makes numbers of 128 bits, whose division takes 50 times as long.
        """
        low, high = self._factors(purpose)
        bits = f"xor({BITS[0]} * {low}::ubigint, {BITS[1]} * {high}::ubigint)"
        return f"cast(({bits} >> 16) & {2**32 - 1}::ubigint as bigint)"

    def _factors(self, purpose: str) -> tuple[int, int]:
        digest = _digest(f"{self.settings.seed}|{self.entity.id}|{purpose}")
        return digest & 0xFFFFFFFF | 1, digest >> 32 & 0xFFFFFFFF | 1

    def fraction(self, purpose: str) -> str:
        """A pseudo-random number from 0 to below 1."""
        return f"(cast({self.draw(purpose)} as double) / cast({2**32} as double))"

    def pick(self, purpose: str, count: int) -> str:
        """A pseudo-random whole number from 0 to below count."""
        return f"({self.draw(purpose)} % {count})"

    def by_chance(self, purpose: str, share: float) -> str:
        """Whether the row is one of a pseudo-random share."""
        return f"{self.draw(purpose)} < {round(share * 2**32)}"

    def is_present(self, column: Column) -> str | None:
        """Whether the row has a value in the column, or None when every row has.

        A looked-up attribute shares the draw of the code it describes: where the code is missing, so are they all.
        """
        if column.required or column.completeness >= 1:
            return None
        root = column
        while root.lookup and (source := self.entity.column(root.lookup[0])):
            root = source
        return self.by_chance(f"{root.name}#present", column.completeness)

    # -- order ---------------------------------------------------------------------------------------------------------

    def levels(self) -> list[list[Column]]:
        """The columns that are not settled, in such order that a column comes after those its value is made from."""
        waiting = [column for column in self.entity.columns if column.name not in self.settled]
        waiting = [column for column in waiting if column.name != VERSION]
        done = set(self.settled)
        levels = []
        while waiting:
            level = [column for column in waiting if self._needs(column) <= done]
            if not level:
                names = ", ".join(column.name for column in waiting)
                raise self.entity.error(f"the columns {names} are made from one another; break the circle")
            levels.append(level)
            done |= {column.name for column in level}
            waiting = [column for column in waiting if column not in level]
        return levels

    def _needs(self, column: Column) -> set[str]:
        """Siblings that the column's value is made from."""
        needs: set[str] = set()
        if column.name in self.numbered:
            return needs
        if column.transform:
            needs |= self.siblings_in(column.transform)
        elif source := self._looked_up(column):
            needs.add(source[0].name)
        if column.after and "." not in column.after:
            needs.add(column.after)
        return (needs - {column.name}) & {other.name for other in self.entity.columns}

    def siblings_in(self, sql: str) -> set[str]:
        """The columns of the entity that an SQL expression names."""
        words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", sql)))
        return {column.name for column in self.entity.columns} & words

    # -- values --------------------------------------------------------------------------------------------------------

    def helpers(self, column: Column) -> dict[str, str]:
        """What to compute before the column's own level: the position of its concept in the code system."""
        choices = self.choices(column)
        if not choices or column.transform or column.type == "array" or column.name in self.numbered:
            return {}
        index = f"{ROW} - 1" if column.unique else self.pick(column.name, len(choices))
        if typical := [position for position, choice in enumerate(choices) if choice in column.typical]:
            usual = _element(typical, self.pick(f"{column.name}#usual", len(typical)))
            index = f"case when {self.by_chance(f'{column.name}#typical', _TYPICAL)} then {usual} else {index} end"
        return {concept_index(column): index}

    def value(self, column: Column) -> str:
        """The expression of a column that is not settled, before some values are left out."""
        if column.name in self.numbered:
            return self.numbered[column.name].key_of(identifier(self.holder(column.name)))
        if column.type == "array":
            return self._array(column)
        if column.type == "object":
            return self._object(column)
        return self._listed(column) or f"cast({self._scalar(column)} as {_RAW_TYPES[column.type]})"

    def choices(self, column: Column) -> Sequence[Any]:
        """The closed list that the column's values are taken from, or nothing."""
        if concepts := self.concepts(column):
            return [concept["code"] for concept in concepts]
        if column.accepted_values:
            return column.accepted_values
        if self._looked_up(column) or column.unique or column.code_system == "npi" or column.type == "object":
            return ()
        return _flat(column.examples)

    def concepts(self, column: Column) -> Sequence[Mapping[str, str]]:
        """The concepts of the column's code system, where it stands as a seed: those the contract accepts."""
        system = self.code_systems.get(column.code_system or "")
        concepts = system.concepts if system else ()
        if column.accepted_values:
            concepts = tuple(concept for concept in concepts if concept["code"] in column.accepted_values)
        return concepts

    def changed(self, column: Column, shift: str) -> str:
        """Another value of the column than the row has, `shift` places on in its list."""
        if column.type == "boolean":
            return f"not {identifier(column.name)}"
        choices = self.choices(column)
        position = f"({identifier(concept_index(column))} + 1 + ({shift}) % {len(choices) - 1}) % {len(choices)}"
        return _element(choices, position, self._list_type(column, choices))

    def changing_column(self) -> Column | None:
        """A column that a new version of a record may change without breaking a rule, or None.

        That is one from which no other column is made, neither key nor reference.
        """
        used = set[str]()
        for column in self.entity.columns:
            used |= self._needs(column)
        free = [
            column
            for column in self.entity.columns
            if not (column.unique or column.reference or column.transform or column.lookup or column.name in used)
            and column.type not in ("array", "object", "date", "timestamp")
        ]
        choosable = [column for column in free if len(set(self.choices(column))) > 1]
        closed = [column for column in choosable if column.accepted_values]
        booleans = [column for column in free if column.type == "boolean" and not self.choices(column)]
        return next(iter(closed + choosable + booleans), None)

    def base_time(self, purpose: str) -> str:
        """A time in the two years of history, to the second."""
        last_day = self.settings.first_day - datetime.timedelta(days=SETTLING_DAYS)
        return seconds_after(f"timestamp '{last_day}'", f"-1 - {self.pick(purpose, HISTORY_DAYS * 86400)}")

    def _listed(self, column: Column) -> str | None:
        """The value as an element of a list, where it is one: of codes, or of what is said of them."""
        if column.transform:
            return None
        if looked_up := self._looked_up(column):
            source, attribute = looked_up
            if attribute == "range":
                return None
            values = self._attributes(column, source, attribute)
        else:
            source, values = column, self.choices(column)
        return _element(values, identifier(concept_index(source)), self._list_type(column, values)) if values else None

    def _list_type(self, column: Column, values: Sequence[Any]) -> str:
        """The type of a value from a list. Text is an enum: as plain text it takes five times as long to write.

        What others are made from stays text, for an enum has an order of its own.
        """
        made = [other.transform for other in self.entity.columns if other.transform]
        texts = list(dict.fromkeys(value for value in values if value is not None))
        is_free = not column.unique and all(column.name not in self.siblings_in(sql) for sql in made)
        if column.type != "string" or not is_free or not texts or not all(isinstance(text, str) for text in texts):
            return _RAW_TYPES[column.type]
        return f"enum({', '.join(map(literal, texts))})"

    def _scalar(self, column: Column) -> str:
        if column.transform:
            return f"({column.transform})"
        if looked_up := self._looked_up(column):
            return self._in_range(column, looked_up[0])
        if column.lookup:
            raise self.entity.error(
                f"looks up {'.'.join(column.lookup)}, and {column.lookup[0]} has no code system among the seeds",
                column,
            )
        if column.code_system == "npi":
            return self._npi(column)
        if column.after or column.type in ("date", "timestamp"):
            return self._time(column)
        makers = {"integer": self._integer, "number": self._number, "boolean": self._boolean}
        return makers.get(column.type, self._string)(column)

    def _looked_up(self, column: Column) -> tuple[Column, str] | None:
        """The code column and attribute that the column's value comes from."""
        if column.lookup:
            source = self.entity.column(column.lookup[0])
            return (source, column.lookup[1]) if source and self.concepts(source) and not source.transform else None
        for source in self.entity.columns:
            if source.system_column == column.name and self.concepts(source) and source.type != "array":
                return source, "system"
        return None

    def _attributes(self, column: Column, source: Column, attribute: str) -> Sequence[str | None]:
        """What the code system says of each concept."""
        default = source.code_system_uri if attribute == "system" else None
        values = [concept.get(attribute) or default for concept in self.concepts(source)]
        if column.required and None in values:
            raise self.entity.error(f"is required, and a concept of {source.code_system} has no {attribute}", column)
        return values

    def _in_range(self, column: Column, source: Column) -> str:
        """A value from a little below the concept's range to a little above, rounded as the range's width suggests."""
        concepts = self.concepts(source)
        ranges = [_range(_number(concept.get("low")), _number(concept.get("high"))) for concept in concepts]
        index = identifier(concept_index(source))
        lows = [None if r is None else r[0] for r in ranges]
        widths = [None if r is None else r[1] - r[0] for r in ranges]
        digits = [None if r is None else _digits(r[1] - r[0]) for r in ranges]
        fraction = self.fraction(column.name)
        return (
            f"round({_element(lows, index, 'double')} + {_element(widths, index, 'double')} * {fraction},"
            f" {_element(digits, index)})"
        )

    def _time(self, column: Column) -> str:
        """A date or time: after another one, between bounds, or in the two years of history."""
        first_day, seconds = self.settings.first_day, column.within_seconds
        if column.unique:
            unit = "day" if column.type == "date" else "second"
            return f"timestamp '{first_day}' - to_{unit}s(cast({ROW} as integer))"
        if not column.after:
            if column.minimum is None and column.maximum is None:
                return self.base_time(column.name)
            earliest, latest = (f"timestamp '{day}'" for day in self._bounds_in_time(column))
            seconds_between = f"(date_diff('second', {earliest}, {latest}) + 1)"
            return seconds_after(earliest, f"{self.draw(column.name)} % {seconds_between}")
        base = f"coalesce(cast({identifier(column.after)} as timestamp), {self.base_time(column.name)})"
        if seconds is None:
            # Without a span it lies in the days between the last event and the first landing.
            span = SETTLING_DAYS * 86400
            value = seconds_after(f"timestamp '{first_day}'", f"-1 - {self.pick(column.name, span)}")
            value = f"greatest({base}, {value})"
        elif column.type == "date":
            value = (
                f"date_trunc('day', {base}) + to_days(cast({self.pick(column.name, seconds // 86400 + 1)} as integer))"
            )
        else:
            value = seconds_after(base, self.pick(column.name, seconds + 1))
        if column.maximum is not None:
            value = f"greatest({base}, least({value}, timestamp '{column.maximum}'))"
        return value

    def _bounds_in_time(self, column: Column) -> tuple[str, str]:
        """What has bounds of its own, such as a birth, comes before the history of events where they allow it."""
        history = self.settings.first_day - datetime.timedelta(days=SETTLING_DAYS + HISTORY_DAYS)
        earliest = column.minimum or str(history - datetime.timedelta(days=HISTORY_DAYS))
        latest = column.maximum or str(self.settings.first_day)
        return earliest, min(latest, str(history)) if earliest < str(history) else latest

    def _integer(self, column: Column) -> str:
        least, most = _bounds(column, 100)
        if column.unique:
            return f"{ROW} + {max(int(least), 1) - 1}"
        if _is_free_key(column):
            return f"1 + {self.pick(column.name, self.settings.patients)}"
        return f"{int(least)} + {self.pick(column.name, int(most) - int(least) + 1)}"

    def _number(self, column: Column) -> str:
        least, most = _bounds(column, 1000)
        if column.unique:
            return f"{ROW} + {max(least, 0)}"
        return f"round({least} + {most - least} * {self.fraction(column.name)}, 2)"

    def _boolean(self, column: Column) -> str:
        return f"{self.draw(column.name)} % 2 = 0"

    def _string(self, column: Column) -> str:
        if column.unique and column.examples and not column.pattern:
            return self._numbered(column, str(column.examples[0]))
        if column.pattern:
            return self._matching(column, column.pattern)
        if column.key:
            return self.key_of(ROW)
        if _is_free_key(column):
            patients = self.settings.patients
            return _key(column.name[:-3], f"1 + {self.pick(column.name, patients)}", patients)
        number = ROW if column.unique else f"1 + {self.pick(column.name, 100)}"
        return f"{literal(column.name + ' ')} || cast({number} as varchar)"

    def _numbered(self, column: Column, example: str) -> str:
        """Texts like the example, made unique by the number at its end."""
        stem, number = re.fullmatch(r"(.*?)(\d*)", example, re.DOTALL).groups()  # type: ignore[union-attr]
        if not number and "@" in example:
            name, _, host = example.partition("@")
            return f"{literal(name + '.')} || cast({ROW} as varchar) || {literal('@' + host)}"
        if not number:
            return f"{literal(example + ' ')} || cast({ROW} as varchar)"
        width = max(len(number), len(str(self.rows)))
        return f"{literal(stem)} || printf('%0{width}d', {self._scrambled(column, 10**width)})"

    def _matching(self, column: Column, pattern: str) -> str:
        """Texts that match the pattern, unique where the column is."""
        try:
            characters = [position.characters for position in positions(pattern)]
        except PatternError as error:
            raise self.entity.error(
                f"no values can be made from the pattern {pattern} (it has {error}); give `examples`, "
                "or use literals, classes like [A-Z0-9] and counts like {3} only",
                column,
            ) from None
        parts = [literal(one) for one in characters]
        counted, capacity = self._counted_positions(column, characters)
        number = self._scrambled(column, capacity)
        divisor = 1
        for index in counted:
            size = len(characters[index])
            parts[index] = f"substr({parts[index]}, 1 + cast({number} // {divisor} % {size} as bigint), 1)"
            divisor *= size
        for index, one in enumerate(characters):
            if index not in counted and len(one) > 1:
                parts[index] = f"substr({parts[index]}, 1 + {self.pick(f'{column.name}#{index}', len(one))}, 1)"
        return " || ".join(parts) or "''"

    def _counted_positions(self, column: Column, characters: Sequence[str]) -> tuple[list[int], int]:
        """The last positions that suffice to tell all rows apart, and how many rows they can; none if not unique."""
        counted: list[int] = []
        capacity = 1
        if column.unique:
            for index in reversed(range(len(characters))):
                if capacity >= self.rows:
                    break
                if len(characters[index]) > 1:
                    counted.append(index)
                    capacity *= len(characters[index])
            if capacity < self.rows:
                raise self.entity.error(
                    f"is unique, and its pattern has {capacity} values for {self.rows} rows; "
                    "widen the pattern or generate fewer patients",
                    column,
                )
        return counted, capacity

    def _scrambled(self, column: Column, base: int) -> str:
        """The row number carried to another one below base; different rows stay different."""
        offset = _digest(f"{self.settings.seed}|{self.entity.id}|{column.name}") % 10**8
        return f"(({ROW} * {_STEP} + {offset}) % {base})"

    def _npi(self, column: Column) -> str:
        """National provider identifiers: 1, eight digits, and the Luhn check digit over 80840 and those nine."""
        number = f"({10**8} + {self._scrambled(column, 10**8)})"
        terms = []
        for place in range(9):
            digit = f"({number} // {10**place} % 10)"
            terms.append(f"({digit} * 2 // 10 + {digit} * 2 % 10)" if place % 2 == 0 else digit)
        check = f"((10 - ({_NPI_PREFIX_SUM} + {' + '.join(terms)}) % 10) % 10)"
        return f"cast({number} as varchar) || cast({check} as varchar)"

    def _array(self, column: Column) -> str:
        """One to four items, different ones where the list they are taken from is long enough."""
        item_type = _RAW_TYPES[column.item_type or "string"]
        choices = self.choices(column)
        if choices:
            first, step = (
                self.pick(column.name, len(choices)),
                self.pick(f"{column.name}#step", max(len(choices) - 1, 1)),
            )
            items = [_element(choices, f"({first} + {n} * (1 + {step})) % {len(choices)}") for n in range(_MOST_ITEMS)]
        else:
            items = [self._item(column, column.item_type or "string", f"{column.name}#{n}") for n in range(_MOST_ITEMS)]
        values = ", ".join(f"cast({item} as {item_type})" for item in items)
        return f"[{values}][1:1 + {self.pick(f'{column.name}#length', _MOST_ITEMS)}]"

    def _object(self, column: Column) -> str:
        """A struct: one of the examples, or a value for each field."""
        examples = [example for example in column.examples if isinstance(example, Mapping)]
        fields = []
        for name, type in column.fields:
            purpose = f"{column.name}#{name}"
            if examples:
                # One draw for all fields, so that they come from the same example.
                item = _element([example.get(name) for example in examples], self.pick(column.name, len(examples)))
            else:
                item = self._item(column, type, purpose)
            fields.append(f"{identifier(name)} := cast({item} as {_RAW_TYPES[type]})")
        return f"struct_pack({', '.join(fields)})"

    def _item(self, column: Column, type: str, purpose: str) -> str:
        """A value inside an array or struct of which the contract says no more than its type."""
        if type == "string":
            name = purpose.rpartition("#")[2].strip("0123456789") or column.name
            return f"{literal(name + ' ')} || (1 + {self.pick(purpose, 100)})"
        if type == "boolean":
            return f"{self.draw(purpose)} % 2 = 0"
        if type in ("date", "timestamp"):
            return self.base_time(purpose)
        return f"round(1000 * {self.fraction(purpose)}, {2 if type == 'number' else 0})"


def concept_index(column: Column) -> str:
    """Name of the helper column that holds the position of the row's concept."""
    return f"_index.{column.name}"


def seconds_after(time: str, seconds: str) -> str:
    """What `time + to_seconds(seconds)` gives, in half the time."""
    return f"make_timestamp(epoch_us({time}) + 1000000 * ({seconds}))"


def row_limit(column: Column, values: Values) -> int | None:
    """How many rows a unique column admits, where its values come from a list."""
    return len(values.choices(column)) or None if column.unique else None


def _key(name: str, number: str, most: int) -> str:
    """A key of eight digits, or of more where there are more rows. They begin with 1: to fill up zeros takes longer."""
    return f"{literal(f'{name.upper()}-')} || cast({10 ** max(7, len(str(most)))} + {number} as varchar)"


def _mixed(number: str) -> str:
    """32 pseudo-random bits of a number of 32 bits: the hash function lowbias32, https://nullprogram.com/blog/2018/07/31/."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        number = f"((xor({number}, {number} >> {shift}) * {factor}::ubigint) & {2**32 - 1}::ubigint)"
    return f"xor({number}, {number} >> 16)"


def _digest(text: str) -> int:
    return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), 16)


def _element(values: Sequence[Any], index: str, type: str | None = None) -> str:
    """The element of a list at a position counted from 0. With a type the list is cast, which is done but once."""
    if len(values) == 1:
        return f"cast({_constant(values[0])} as {type})" if type else _constant(values[0])
    elements = f"[{', '.join(map(_constant, values))}]"
    return f"{f'cast({elements} as {type}[])' if type else elements}[1 + {index}]"


def _constant(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return literal(value.isoformat() if isinstance(value, datetime.date) else str(value))


def _flat(examples: Sequence[Any]) -> list[Any]:
    """The examples; those of an array may be written as items or as whole arrays."""
    return [item for example in examples for item in (example if isinstance(example, list) else [example])]


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _range(low: float | None, high: float | None) -> tuple[float, float] | None:
    """The reference range widened by a quarter on each side; what has a positive lower bound stays above nothing."""
    if low is None and high is None:
        return None
    low = low if low is not None else min(0.0, high if high is not None else 0.0)
    high = high if high is not None else low + max(abs(low), 1.0)
    margin = (high - low) / 4
    return (max(low - margin, min(low, 0.0)), high + margin)


def _digits(width: float) -> int:
    """Decimal places that suit values of a range so wide."""
    return next((digits for digits, limit in enumerate((50, 5, 0.5, 0.05)) if width >= limit), 4)


def _bounds(column: Column, span: int) -> tuple[float, float]:
    least = float(column.minimum) if column.minimum is not None else None
    most = float(column.maximum) if column.maximum is not None else None
    if least is None:
        least = 0.0 if most is None or most >= 0 else most - span
    return least, most if most is not None else least + span


def _is_free_key(column: Column) -> bool:
    """A reference to a domain that this mesh does not have: the contract leaves a bare key."""
    return column.name.endswith("_id") and not column.unique

"""Chooses the parents of every row, so that all ways to the same parent agree.

A result has a patient and an encounter, and the encounter has a patient too: they must be one. So the references of an
entity are settled one after another. What a settled parent already says is taken over from it; any other parent is
drawn from those that agree with what is settled; and none is chosen that lands later than the row itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landing import identifier
from queries import Query
from values import DAY, ROW, Values

from contracts import Column, Entity

_PICK = "_pick"


@dataclass(frozen=True)
class Parent:
    """An entity whose rows exist, as a table of ROW, its key where that is held, its references as held, and its times.

    landed_by: how many of its rows, the first ones, have landed by each day. complete: its columns that are never null.
    """

    values: Values
    table: str
    landed_by: tuple[int, ...]
    complete: frozenset[str]

    @property
    def entity(self) -> Entity:
        return self.values.entity


@dataclass(frozen=True)
class Shared:
    """A reference of the child and one of the parent that must hold the same key."""

    own: str
    parents: str


@dataclass
class References:
    """The references of one entity to the parents that are in the mesh.

    The query, which begins with the numbered rows, is given steps that add columns: what the references hold, and what
    the entity needs of a parent as "<reference>.<column>". `complete` are the references that always find a parent.
    """

    entity: Entity
    parents: Mapping[str, Parent]
    values: Values
    query: Query
    complete: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._columns = {
            column.name: column
            for column in self.entity.columns
            if column.reference and column.reference.entity in self.parents
        }
        numbered = {name: self.own(column).values for name, column in self._columns.items()}
        to_self = [c.name for c in self.entity.columns if c.reference and c.reference.entity == self.entity.id]
        numbered |= dict.fromkeys(to_self, self.values)
        self.values.numbered = {name: values for name, values in numbered.items() if values.held == ROW}
        self._shared = {name: self._shared_with(column) for name, column in self._columns.items()}
        settled: list[str] = []
        while len(settled) < len(self._columns):
            name = self._next(settled)
            self._settle(self._columns[name], settled)
            settled.append(name)
        self._settled = settled

    @property
    def names(self) -> list[str]:
        """The references that the steps settle."""
        return list(self._columns)

    def own(self, column: Column) -> Parent:
        assert column.reference
        return self.parents[column.reference.entity]

    def _shared_with(self, column: Column) -> list[Shared]:
        """What the row and the parent both refer to.

        Two references mean the same thing when they bear the same name, or when each is the only one of its table to
        that entity and required: the patient of a result. The performer of a procedure need not be the provider of
        its encounter.
        """
        ours, theirs = self.entity.columns, self.own(column).entity.columns
        pairs = []
        for mine in self._columns.values():
            for other in theirs:
                if mine == column or not other.reference or other.reference != mine.reference:
                    continue
                only = all(sum(c.reference == mine.reference for c in side) == 1 for side in (ours, theirs))
                if mine.name == other.name or (only and mine.required and other.required):
                    pairs.append(Shared(mine.name, other.name))
        return pairs

    def _next(self, settled: list[str]) -> str:
        """The reference to settle next: one that is said already, else the one that says most, a required one first.

        To follow what a parent says is less work than to look for a parent that agrees.
        """
        waiting = [name for name in self._columns if name not in settled]
        said = [name for name in waiting if self._sayings(name, settled)]

        def rank(name: str) -> tuple[bool, int, bool]:
            says = [pair for pair in self._shared[name] if pair.parents in self._complete_of(name)]
            return self._columns[name].unique, len(says), self._columns[name].required

        return max(said or waiting, key=rank)

    def _sayings(self, name: str, settled: list[str]) -> list[tuple[str, str]]:
        """Settled references whose parent says what the reference is, and the parent's column that says it."""
        return [(other, pair.parents) for other in settled for pair in self._shared[other] if pair.own == name]

    def _settle(self, column: Column, settled: list[str]) -> None:
        """Add the steps that settle the reference and bring along what is needed of the parent."""
        parent = self.own(column)
        sayings = self._sayings(column.name, settled)
        said = [identifier(f"{other}.{name}") for other, name in sayings]
        name, held = identifier(self.values.holder(column.name)), parent.values.held
        is_complete = any(other in self.complete and said_by in self._complete_of(other) for other, said_by in sayings)
        brought = "".join(
            f", parent.{identifier(of)} as {identifier(f'{column.name}.{of}')}" for of in self._brought(column)
        )
        if not is_complete:
            conditions = [] if column.unique else [pair for pair in self._shared[column.name] if pair.own in settled]
            is_complete = self._pick(column, parent, conditions)
            # Without a saying, the parent that was drawn is the one to bring columns from.
            at_once = "" if said else brought
            is_joined = at_once or held != ROW
            own = f"parent.{identifier(held)}" if is_joined else f"child.{_PICK}"
            join = f" left join {parent.table} as parent on parent.{ROW} = child.{_PICK}" if is_joined else ""
            self.query.add(
                f"select child.* exclude ({_PICK}), coalesce({', '.join([*said, own])}) as {name}{at_once}\n"
                f"from {self.query.last} as child{join}"
            )
        else:
            self.query.add(f"select *, coalesce({', '.join(said)}) as {name} from {self.query.last}")
        if is_complete:
            self.complete.add(column.name)
        if brought and said:
            self.query.add(
                f"select child.*{brought}\n"
                f"from {self.query.last} as child\n"
                f"left join {parent.table} as parent on parent.{identifier(held)} = child.{name}"
            )

    def _complete_of(self, name: str) -> frozenset[str]:
        return self.own(self._columns[name]).complete

    def _brought(self, column: Column) -> list[str]:
        """The parent's columns that the child's own columns are made from."""
        needed = [pair.parents for pair in self._shared[column.name]]
        needed += [
            of
            for reference, _, of in (str(other.after or "").partition(".") for other in self.entity.columns)
            if reference == column.name and of
        ]
        return list(dict.fromkeys(needed))

    def _pick(self, column: Column, parent: Parent, conditions: list[Shared]) -> bool:
        """Add a step that draws the parent's row into _PICK; whether it always finds one.

        Where there are children enough, each parent gets one before any gets two; fewer are spread by chance.
        """
        draw = self.values.draw(f"{column.name}#parent")
        if not conditions:
            landed = f"[{', '.join(map(str, parent.landed_by))}][{DAY}]"
            pick = f"1 + {draw} % nullif({landed}, 0)"
            if column.unique or self.values.rows >= parent.landed_by[-1]:
                pick = f"case when {ROW} <= {landed} then {ROW} else {'null' if column.unique else pick} end"
            self.query.add(f"select *, {pick} as {_PICK}\nfrom {self.query.last}")
            return parent.landed_by[0] > 0 and not column.unique
        keys = ", ".join(identifier(pair.parents) for pair in conditions)
        own = ", ".join(identifier(self.values.holder(pair.own)) for pair in conditions)
        equal = " and ".join(
            f"family.{identifier(pair.parents)} = child.{identifier(self.values.holder(pair.own))}"
            for pair in conditions
        )
        counts = ", ".join(f"count(*) filter ({ROW} <= {count})" for count in parent.landed_by)
        self.query.add(
            f"select child.* exclude (turn), family.members[case\n"
            f"    when turn <= family.counts[{DAY}] then turn\n"
            f"    else 1 + {draw} % nullif(family.counts[{DAY}], 0)\n"
            f"end] as {_PICK}\n"
            f"from (\n"
            f"    select *, row_number() over (partition by {own} order by {ROW}) as turn from {self.query.last}\n"
            f") as child\n"
            f"left join (\n"
            f"    select {keys}, list({ROW} order by {ROW}) as members, [{counts}] as counts\n"
            f"    from {parent.table} group by {keys}\n"
            f") as family on {equal}"
        )
        return False

    def self_reference(self, column: Column) -> str:
        """A reference to the entity itself: the first row of the same family, or none for that row."""
        required = [name for name in self._settled if self._columns[name].required]
        family = [identifier(self.values.holder(name)) for name in required] or ["true"]
        held = identifier(self.values.held)
        first = f"first_value({held}) over (partition by {', '.join(family)} order by {ROW})"
        return first if column.required else f"nullif({first}, {held})"

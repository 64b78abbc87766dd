"""Charts as shapes with coordinates. The console's template draws them, and shows their numbers as a table beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

# Coordinates are pixels at the width of a phone, where the text of a chart is to be read too.
WIDTH = 360.0
SERIES = 4
# More marks than a chart of this size can show.
MARKS = {"bar": 40, "column": 31, "line": 2000}

_ADVANCE = 6.0
_PLOT = 150.0


class ChartError(Exception):
    """The rows cannot be drawn as asked. The message says why."""


@dataclass(frozen=True)
class Rectangle:
    """A bar, or a part of one; `series` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True)
class Line:
    """A line through points; `series` is None for a line of the grid."""

    points: tuple[tuple[float, float], ...]
    series: int | None = None


@dataclass(frozen=True)
class Text:
    """A label. `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = "label"


@dataclass(frozen=True)
class Chart:
    """A chart that is ready to be drawn. `summary` says in words what it shows."""

    title: str
    summary: str
    height: float
    legend: tuple[str, ...]
    rectangles: tuple[Rectangle, ...] = ()
    lines: tuple[Line, ...] = ()
    texts: tuple[Text, ...] = ()
    width: float = WIDTH


@dataclass(frozen=True)
class Wanted:
    """What is to be drawn: the categories or days, and the values of each series at them."""

    title: str
    x_name: str
    y_names: tuple[str, ...]
    unit: str
    labels: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    positions: tuple[float, ...] = ()

    @property
    def totals(self) -> list[float]:
        """The sum of all series at each label."""
        return [sum(values) for values in zip(*self.values, strict=True)]

    def shown(self, value: float) -> str:
        """A value with as many decimals as the others have."""
        if all(total == int(total) for total in self.totals):
            return f"{value:,.0f}"
        return f"{value:,.{max(0, 3 - len(str(int(max(self.totals)))))}f}"

    @property
    def y_title(self) -> str:
        """Title of the axis of values."""
        name = worded(self.y_names[0]) if len(self.y_names) == 1 else ""
        return f"{name} ({self.unit})" if name and self.unit else name or self.unit or "number"


def chart(asked: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Chart:
    """Draw rows of a query as `meta.chart` of a model asks: kind, title, x, y (one column or several), unit.

    Bars and columns with several y are stacked. Raises ChartError where the rows do not fit.
    """
    if not isinstance(asked, Mapping):
        raise ChartError("`chart` has no kind, x and y")
    kind = str(asked.get("kind"))
    if kind not in _KINDS:
        raise ChartError(f"no kind of chart is called {kind!r}: choose one of {', '.join(_KINDS)}")
    y = asked.get("y")
    y_names = tuple(map(str, y)) if isinstance(y, list) else (str(y),)
    if absent := [name for name in (str(asked.get("x")), *y_names) if name not in columns]:
        raise ChartError(f"the query returns no column {', '.join(absent)}")
    if len(y_names) > SERIES:
        raise ChartError(f"a chart shows at most {SERIES} columns")
    if not rows:
        raise ChartError("the query returned no rows")
    if len(rows) > MARKS[kind]:
        raise ChartError(f"a {kind} chart shows at most {MARKS[kind]} rows, and the query returned more")
    x = columns.index(str(asked["x"]))
    if kind == "line":
        rows = sorted((row for row in rows if row[x] is not None), key=lambda row: row[x])
        if not rows:
            raise ChartError(f"{columns[x]} is null in every row")
    return _KINDS[kind](
        Wanted(
            title=str(asked.get("title") or worded(y_names[0])),
            x_name=str(asked["x"]),
            y_names=y_names,
            unit=str(asked.get("unit") or ""),
            labels=tuple("not recorded" if row[x] is None else str(row[x]) for row in rows),
            values=tuple(tuple(_number(row[columns.index(name)], name) for row in rows) for name in y_names),
            positions=_positions([row[x] for row in rows]) if kind == "line" else (),
        )
    )


def worded(name: str) -> str:
    """The name of a column in words."""
    return name.replace("_", " ")


def number(value: float) -> str:
    """A number as one reads it: 12,345 or 12.3."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def shortened(text: str, width: float, advance: float = _ADVANCE) -> str:
    """The text, cut where it would be wider."""
    most = max(4, int(width / advance))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _bars(wanted: Wanted) -> Chart:
    """A row per category: its label, and below it the bar with its number. Long names have room that way."""
    right, row, thickness = 58.0, 32.0, 11.0
    scale = (WIDTH - right) / _top(wanted)
    rectangles, texts = [], [Text(0, 10, worded(wanted.x_name), role="axis")]
    for index, (label, total) in enumerate(zip(wanted.labels, wanted.totals, strict=True)):
        y = 22 + index * row
        x = 0.0
        texts.append(Text(0, y + 8, shortened(label, WIDTH)))
        for series, values in enumerate(wanted.values):
            rectangles.append(Rectangle(x, y + 13, values[index] * scale, thickness, series))
            x += values[index] * scale
        texts.append(Text(x + 5, y + 13 + thickness - 1.5, wanted.shown(total), role="value"))
    height = 22 + len(wanted.labels) * row + 14
    texts.append(Text(WIDTH - right, height - 2, wanted.y_title, "end", role="axis"))
    return _finished(wanted, height, rectangles=rectangles, texts=texts)


def _columns(wanted: Wanted) -> Chart:
    """A column per category or day, from left to right."""
    count = len(wanted.labels)
    lines, texts, left, scale = _value_axis(wanted, 18.0, _top(wanted))
    step = (WIDTH - left) / count
    thickness = min(step * 0.7, 56.0)
    rectangles = []
    # As many labels as have room, the first one always.
    every = max(1, math.ceil(count * (max(map(len, wanted.labels)) + 1) * _ADVANCE / (WIDTH - left)))
    for index, (label, total) in enumerate(zip(wanted.labels, wanted.totals, strict=True)):
        middle, bottom = left + (index + 0.5) * step, 18 + _PLOT
        for series, values in enumerate(wanted.values):
            height = values[index] * scale
            bottom -= height
            rectangles.append(Rectangle(middle - thickness / 2, bottom, thickness, height, series))
        if len(wanted.shown(total)) * _ADVANCE < step:
            texts.append(Text(middle, bottom - 4, wanted.shown(total), "middle", role="value"))
        if index % every == 0:
            texts.append(Text(middle, 18 + _PLOT + 15, shortened(label, max(step * every, 24)), "middle"))
    texts.append(Text(WIDTH, 18 + _PLOT + 31, worded(wanted.x_name), "end", role="axis"))
    return _finished(wanted, 18 + _PLOT + 35, rectangles=rectangles, lines=lines, texts=texts)


def _lines(wanted: Wanted) -> Chart:
    """A line per series over days or numbers."""
    _refuse_negative(wanted)
    lines, texts, left, scale = _value_axis(wanted, 18.0, max(map(max, wanted.values)) or 1.0)
    bottom, width = 18 + _PLOT, WIDTH - left - 4
    for series, values in enumerate(wanted.values):
        points = tuple(
            (left + position * width, bottom - value * scale)
            for position, value in zip(wanted.positions, values, strict=True)
        )
        lines.append(Line(points, series))
    middle = len(wanted.labels) // 2
    for index, anchor in {0: "start", middle: "middle", len(wanted.labels) - 1: "end"}.items():
        # Two or three points need no label in the middle.
        if index in (0, len(wanted.labels) - 1) or len(wanted.labels) > 4:
            x = left + wanted.positions[index] * width
            texts.append(Text(x, bottom + 15, shortened(wanted.labels[index], width / 3), anchor))
    texts.append(Text(WIDTH, bottom + 31, worded(wanted.x_name), "end", role="axis"))
    return _finished(wanted, bottom + 35, lines=lines, texts=texts)


_KINDS: Mapping[str, Callable[[Wanted], Chart]] = {"bar": _bars, "column": _columns, "line": _lines}


def _value_axis(wanted: Wanted, top: float, most: float) -> tuple[list[Line], list[Text], float, float]:
    """The grid with its numbers, where the plot begins on the left, and pixels per unit of value."""
    step = _step(most)
    ticks = [step * index for index in range(math.ceil(most / step - 1e-9) + 1)]
    scale = _PLOT / ticks[-1]
    left = max(len(number(tick)) for tick in ticks) * _ADVANCE + 8
    lines = [Line(((left, top + _PLOT - tick * scale), (WIDTH, top + _PLOT - tick * scale))) for tick in ticks]
    texts = [Text(left - 6, top + _PLOT - tick * scale + 4, number(tick), "end", role="tick") for tick in ticks]
    return lines, [Text(0, 8, wanted.y_title, role="axis"), *texts], left, scale


def _step(most: float) -> float:
    """A round step that makes two to five of `most`."""
    magnitude: float = 10 ** math.floor(math.log10(most))
    return next(step for step in (magnitude / 5, magnitude / 2, magnitude, magnitude * 2) if most / step <= 5)


def _top(wanted: Wanted) -> float:
    """The highest total."""
    _refuse_negative(wanted)
    return max(wanted.totals) or 1.0


def _refuse_negative(wanted: Wanted) -> None:
    """Every axis begins at 0, so a value below has no place."""
    if min(map(min, wanted.values)) < 0:
        raise ChartError("a value is negative, and the axis begins at 0")


def _positions(values: Sequence[Any]) -> tuple[float, ...]:
    """Where days or numbers lie between the first, 0, and the last, 1."""
    try:
        places = [_place(value) for value in values]
    except (TypeError, ValueError):
        raise ChartError("a line runs over days or numbers") from None
    extent = places[-1] - places[0] if places else 0
    return tuple((place - places[0]) / extent if extent else 0.5 for place in places)


def _place(value: Any) -> float:
    """A day in seconds, or a number as it is."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=None) - datetime.min).total_seconds()
    return value.toordinal() * 86400.0 if isinstance(value, date) else float(value)


def _number(value: Any, column: str) -> float:
    """A value of a series; what is not there counts 0."""
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise ChartError(f"{column} is no number")
    return float(value)


def _finished(
    wanted: Wanted,
    height: float,
    rectangles: Sequence[Rectangle] = (),
    lines: Sequence[Line] = (),
    texts: Sequence[Text] = (),
) -> Chart:
    highest = max(range(len(wanted.labels)), key=lambda index: wanted.totals[index])
    return Chart(
        title=wanted.title,
        summary=(
            f"{' and '.join(map(worded, wanted.y_names))} by {worded(wanted.x_name)}, {len(wanted.labels)} in all; "
            f"the highest is {wanted.labels[highest]} with {wanted.shown(wanted.totals[highest])}"
            f"{' ' + wanted.unit if wanted.unit else ''}. The table beside it holds the numbers."
        ),
        height=height,
        legend=tuple(map(worded, wanted.y_names)) if len(wanted.y_names) > 1 else (),
        rectangles=tuple(rectangles),
        lines=tuple(lines),
        texts=tuple(texts),
    )

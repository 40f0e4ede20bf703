"""What people write in a suite: one question an entry, with what its answer has to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from datamind.evaluation.results import Tolerance

Cell = StrictBool | StrictInt | StrictFloat | dt.datetime | dt.date | StrictStr | None
CLASHING = "Of `sql`, `figure`, `rows` and `expect: refuse` an entry has one."


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


def _tolerance(value: Any) -> Any:
    """`5` is by so much, `1%` by such a share."""
    match value:
        case bool():
            raise ValueError("a tolerance is a number, or a share such as 1%")
        case int() | float() if value >= 0:
            return Tolerance(absolute=float(value))
        case str() if value.endswith("%"):
            share = float(value[:-1]) / 100
            if 0 <= share < 1:
                return Tolerance(share=share)
    raise ValueError("a tolerance is a number, or a share such as 1%")


Texts = Annotated[list[Annotated[StrictStr, Field(min_length=1)]], BeforeValidator(_listed)]
Names = Annotated[list[StrictStr | StrictInt], BeforeValidator(_listed)]
Line = Annotated[list[Cell], BeforeValidator(_listed)]


class Free(BaseModel):
    """Gold SQL without the LIMIT that cuts its ties, and the columns that it is sorted by there."""

    model_config = ConfigDict(extra="forbid")
    sql: StrictStr
    tie_cols: list[StrictInt] = []


class Entry(BaseModel):
    """One question of a suite. `gold`, `order_matters`, `order_cols` and `gold_unlimited` are the
    names of benchmarks for what is expected."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    question: StrictStr = Field(min_length=1, max_length=4_000)
    id: StrictStr | StrictInt | None = None
    sql: Texts | None = Field(None, validation_alias=AliasChoices("sql", "gold"))
    figure: Cell = None
    rows: list[Line] | None = None
    expect: Literal["answer", "refuse"] = "answer"
    ordered: StrictBool = Field(False, validation_alias=AliasChoices("ordered", "order_matters"))
    tolerance: Annotated[Tolerance, BeforeValidator(_tolerance)] = Tolerance()
    after: Texts = []
    evidence: StrictStr | None = None
    asker: StrictStr | None = Field(None, alias="as", min_length=1)
    tags: Names | None = None
    set: StrictStr = "all"
    database: StrictStr = ""
    known_miss: StrictStr = ""
    order_cols: list[list[StrictInt] | None] | None = None
    gold_unlimited: list[Free | None] | None = None

    @model_validator(mode="after")
    def _one_expectation(self) -> Self:
        given = [bool(self.sql), self.figure is not None, self.rows is not None]
        if (self.expect == "refuse" and any(given)) or sum(given) > 1:
            raise ValueError(CLASHING)
        if self.expect == "answer" and not any(given):
            raise ValueError("there is neither gold SQL nor expect: refuse, nor a figure, nor rows")
        if self.rows and len({len(row) for row in self.rows}) > 1:
            raise ValueError("its rows differ in length")
        return self


NAMES = sorted({"as", *Entry.model_fields} - {"asker"})


def faults_of(fault: ValidationError) -> str:
    """What is wrong with an entry, in one line; one thing a field."""
    errors = {str(e["loc"][:1]): e for e in reversed(fault.errors(include_url=False))}
    return "; ".join(map(_told, reversed(errors.values())))


def _told(error: Mapping[str, Any]) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        near = get_close_matches(field, NAMES, 1)
        return f"there is no field `{field}`" + (f", perhaps `{near[0]}`" if near else "")
    if error["type"] == "missing":
        return f"`{field}` is missing"
    if isinstance(error["input"], bool) and error["type"] in ("string_type", "int_type"):
        return f"`{field}` holds what YAML takes for yes or no: put it in quotes"
    return f"`{field}`: {message[:1].lower()}{message[1:]}" if field else message

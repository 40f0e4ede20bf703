"""Wire shapes of the catalog."""

from __future__ import annotations

from pydantic import BaseModel

from datamind.rooms.paging import Page


class HitOut(BaseModel):
    """Something found: a table, column, metric or value, and how well it fits (0 to 100)."""

    kind: str
    id: str
    text: str
    score: float


class HitsOut(BaseModel):
    """What was found, best first."""

    items: list[HitOut]
    total: int


class TableLine(BaseModel):
    """A table in the list of tables."""

    name: str
    description: str
    rows: int | None
    columns: int
    entity: str | None
    is_view: bool


class TablesOut(Page):
    """The tables that the caller sees."""

    items: list[TableLine]


class CatalogColumn(BaseModel):
    """A column, what it means, and a few values of it where those may be seen."""

    name: str
    type: str
    description: str
    nullable: bool
    unit: str | None
    synonyms: list[str]
    distinct: int | None
    is_key: bool
    examples: list[str]


class ReferenceOut(BaseModel):
    """A reference from this table to another one."""

    columns: list[str]
    to_table: str
    to_columns: list[str]
    origin: str


class MetricLine(BaseModel):
    """A defined metric."""

    name: str
    label: str
    description: str
    unit: str | None


class TableOut(TableLine):
    """All that is known of a table."""

    synonyms: list[str]
    primary_key: list[str]
    fields: list[CatalogColumn]
    references: list[ReferenceOut]
    metrics: list[MetricLine]
    quality: list[str]


class MetricsOut(Page):
    """The defined metrics that the caller sees."""

    items: list[MetricLine]

"""Search: tables, columns, metrics and values of a view by words."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from datamind.semantics.catalog import View


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: its kind, its id, what it says, and how well it fits (0 to 100)."""

    kind: str
    id: str
    text: str
    score: float


def search(view: View, words: str, limit: int = 20) -> list[Hit]:
    """The best hits, best first; only what the view shows."""
    wanted = words.strip().lower()
    if not wanted:
        return []
    hits: list[Hit] = []
    for table in view.tables:
        _add(hits, wanted, "table", table.id, table.description, (table.name, *table.synonyms))
        for column in table.columns:
            said = (column.name, *column.synonyms)
            _add(hits, wanted, "column", column.id, column.description, said)
            for value, _ in view.values(column.id):
                if wanted in value.lower():
                    score = 100.0 * len(wanted) / len(value)
                    hits.append(Hit("value", column.id, value, round(max(score, 50.0), 1)))
    for metric in view.metrics:
        labels = (metric.name, metric.label, *metric.synonyms)
        _add(hits, wanted, "metric", metric.name, metric.description, labels)
    hits.sort(key=lambda h: (-h.score, h.kind, h.id, h.text))
    return hits[:limit]


def _add(
    hits: list[Hit], wanted: str, kind: str, item: str, about: str, names: tuple[str, ...]
) -> None:
    said = [n.replace("_", " ").lower() for n in names if n]
    score = max(fuzz.WRatio(wanted, n) for n in said)
    if wanted in about.lower():
        score = max(score, 75.0)
    if score >= 70.0:
        hits.append(Hit(kind, item, about or names[0], round(score, 1)))

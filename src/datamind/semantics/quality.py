"""Data-quality issues in words, for an asker who sees some tables only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Container, Iterable, Iterator

from datamind.semantics.catalog import QualityIssue

MOST = 5
INCOMPLETE = "Results may be incomplete."


def holds(issue: QualityIssue, now: dt.datetime) -> bool:
    """Whether it is one by now: what is built may grow old without anybody touching it."""
    begins = _moment(issue.holds_from)
    return begins is None or now >= begins


def of_itself(issues: Iterable[QualityIssue], now: dt.datetime) -> Iterator[QualityIssue]:
    """The issues that hold, each once: of the table that it is about."""
    return (issue for issue in issues if not issue.upstream and holds(issue, now))


def warnings(
    issues: Iterable[QualityIssue], touched: Collection[str], seen: Container[str],
    now: dt.datetime,
) -> list[str]:  # fmt: skip
    """What is to be said of an answer that read the tables `touched`, to whom sees `seen`."""
    told = dict.fromkeys(
        said(issue, seen, now)
        for issue in issues
        if issue.table in touched and issue.upstream not in touched and holds(issue, now)
    )
    found = list(told)
    if len(found) <= MOST:
        return found
    return [*found[:MOST], f"There are {len(found) - MOST:,} more data quality issues."]


def said(issue: QualityIssue, seen: Container[str], now: dt.datetime) -> str:
    """The issue as a sentence; a table that is not seen is not named, nor what is about it."""
    at = when(issue.since, now)
    if issue.kind == "stale_source":
        loaded = f" was loaded last at {at}" if at else " was not loaded as it should be"
        return f"Stale data: what {issue.table} is made of{loaded}."
    if issue.upstream and issue.upstream not in seen:
        return f"Data quality issues detected in what {issue.table} is made of. {INCOMPLETE}"
    table = f"{issue.upstream}, of which {issue.table} is made" if issue.upstream else issue.table
    subject = f"{table}," if issue.upstream else table
    if issue.kind == "stale":
        return f"Stale data: {subject} was built last at {at}."
    if issue.kind == "not_built":
        return f"{subject} could not be built since {at}: its rows are of before."
    rows = f", {issue.rows:,} {'row' if issue.rows == 1 else 'rows'}" if issue.rows else ""
    since = f", since {at}" if at else ""
    return f"Data quality tests failed for {table}: {issue.test}{rows}{since}. {INCOMPLETE}"


def when(since: str, now: dt.datetime) -> str:
    """A moment in UTC: without its day where that is today's."""
    moment = _moment(since)
    if moment is None:
        return since
    same = moment.date() == now.astimezone(dt.UTC).date()
    return moment.strftime("%H:%M UTC" if same else "%Y-%m-%d %H:%M UTC")


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)

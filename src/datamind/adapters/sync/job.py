"""The sync as a job runs it: told by the settings alone."""

from __future__ import annotations

from datamind.adapters.dbt.configured import build_in_use
from datamind.adapters.sync.overrides import dbt_choices, merged, read_choices
from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.tables import SyncReport
from datamind.adapters.sync.wanted import Wanted
from datamind.errors import BadInput
from datamind.settings import Settings


def wanted_by(
    settings: Settings, *, source: str | None = None, target: str | None = None
) -> Wanted:
    """All tables of WAREHOUSE_URL into CLICKHOUSE_URL, as the choices that are set say; BadInput
    where these are none that can be synced."""
    source = source or settings.warehouse_url
    if not source or not source.startswith(("postgres://", "postgresql://")):
        raise BadInput(
            "What is copied from is a PostgreSQL database.",
            hint="Pass --from postgresql://user@host/database, or set WAREHOUSE_URL.",
        )
    target = target_of(settings, target)
    built = build_in_use(settings)
    artifacts = built.artifacts if built is not None else settings.dbt_project
    of_dbt = dbt_choices(artifacts) if artifacts is not None else {}
    file = settings.router.choices
    said, aggregates = read_choices(file) if file is not None else ({}, ())
    return Wanted(
        source, target, choices=merged(of_dbt, said), aggregates=aggregates,
        settle_s=settings.router.settle_s,
    )  # fmt: skip


def target_of(settings: Settings, target: str | None = None) -> str:
    """Where the copies are: CLICKHOUSE_URL, unless another is named; else BadInput."""
    target = target or settings.router.clickhouse_url
    if not target or not target.startswith("clickhouse"):
        raise BadInput(
            "What is copied to is a ClickHouse server.",
            hint="Pass --to clickhouse://user@host, or set CLICKHOUSE_URL.",
        )
    return target


def run(settings: Settings) -> dict[str, object]:
    """Bring all copies up to date; the report, as JSON holds it. Blocks; may be killed and run
    again at any time, and Conflict says that another sync runs."""
    return report_record(run_sync(wanted_by(settings)))


def report_record(report: SyncReport) -> dict[str, object]:
    """The report as JSON holds it."""
    return {
        "status": "equal" if report.ok else "stopped",
        "started_at": report.started_at.isoformat(),
        "elapsed_s": round(report.elapsed_s, 3),
        "tables": [
            {name: getattr(table, name) for name in table.__dataclass_fields__}
            for table in report.tables
        ],
    }

"""The catalog store: a database's catalog, built once and kept for as long as it holds."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import logging
import os
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

from datamind.adapters.dbt.artifacts import overlay_of, target_folder
from datamind.adapters.introspection import introspect
from datamind.adapters.introspection.duckdb import data_version
from datamind.adapters.warehouse import duckdb_path
from datamind.errors import WarehouseError
from datamind.semantics.catalog import (
    Catalog,
    Column,
    Metric,
    QualityIssue,
    Relationship,
    Table,
    Term,
)
from datamind.semantics.merge import merge

log = logging.getLogger(__name__)

# The kept form is positional: other fields make it another one.
_RECORDS = (Catalog, Table, Column, Relationship, Metric, Term, QualityIssue)
READING = "6"  # one more whenever the same data is read otherwise
FORMAT = ",".join([READING, *(f.name for record in _RECORDS for f in dataclasses.fields(record))])
LIVE_SECONDS = 600  # how long a catalog of a database without data versions is trusted
_ARTIFACTS = (
    "manifest.json", "catalog.json", "semantic_manifest.json", "run_results.json", "sources.json",
    "known.json",
)  # fmt: skip


def load_catalog(
    url: str, *, dbt_project: Path | None = None, cache_dir: Path | None = None,
    refresh: bool = False,
) -> Catalog:  # fmt: skip
    """The catalog of the database, with what its dbt project says of it.

    Kept in `cache_dir` until the data, the artifacts or our format change; a damaged entry is
    built anew.
    """
    path = _path(url, dbt_project, cache_dir) if cache_dir is not None else None
    if path is not None and not refresh:
        kept = _read(path, live=not url.startswith("duckdb"))
        if kept is not None:
            return kept
    catalog = introspect(url)
    if dbt_project is not None:
        catalog = merge(catalog, overlay_of(dbt_project, catalog))
    if path is not None:
        _keep(path, catalog)
    return catalog


def kept_catalog(url: str, dbt_project: Path | None, cache_dir: Path) -> Catalog | None:
    """The catalog that was kept last, however long ago: for while the database can't be asked."""
    return _read(_path(url, dbt_project, cache_dir), live=False)


def catalog_key(url: str, dbt_project: Path | None = None) -> str:
    """Changes whenever `load_catalog` would read something newer; a database that does not say
    whether it changed is read anew every LIVE_SECONDS."""
    age = "" if url.startswith("duckdb") else str(int(time.time() // LIVE_SECONDS))
    return f"{_name(url, dbt_project)}{age}"


def _path(url: str, dbt_project: Path | None, cache_dir: Path) -> Path:
    return cache_dir / f"{_name(url, dbt_project)}.json.gz"


def _name(url: str, dbt_project: Path | None) -> str:
    """The place, then what of it the entry is about: a newer entry replaces the older one."""
    version = [FORMAT]
    if url.startswith("duckdb"):
        version.append(_version(duckdb_path(url)))
    if dbt_project is not None:
        target = target_folder(dbt_project)
        for name in _ARTIFACTS:
            artifact = target / name
            version.append(str(artifact.stat().st_mtime_ns) if artifact.is_file() else "")
    return f"{_digest(url, str(dbt_project))}-{_digest(*version)}"


def _version(path: Path) -> str:
    try:
        return data_version(path)
    except FileNotFoundError:
        return ""
    except OSError:
        raise WarehouseError(f"{path.name} may not be read by this user.") from None


def _digest(*parts: str) -> str:
    text = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()[:24]


def _read(path: Path, *, live: bool) -> Catalog | None:
    try:
        if live and time.time() - path.stat().st_mtime > LIVE_SECONDS:
            return None
        return load(json.loads(gzip.decompress(path.read_bytes())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zlib.error):
        return None


def _keep(path: Path, catalog: Catalog) -> None:
    """Whole or not at all, in place of older entries; where nothing can be kept, that is no fault.

    Written beside, then moved into place; only its owner may read it, for it holds values.
    """
    text = json.dumps(dump(catalog), separators=(",", ":")).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(gzip.compress(text, compresslevel=1, mtime=0))
        Path(beside).replace(path)
        for older in path.parent.glob(f"{path.name.partition('-')[0]}-*"):
            if older != path:
                older.unlink(missing_ok=True)
    except OSError as fault:
        log.warning("the catalog can't be kept in %s: %s", path.parent, fault.strerror)


def dump(catalog: Catalog) -> dict[str, Any]:
    """The catalog as plain JSON: records as lists in the order of their fields."""

    def rows(records: tuple[Any, ...]) -> list[list[Any]]:
        return [[getattr(r, f.name) for f in dataclasses.fields(r)] for r in records]

    tables = [
        [
            rows(t.columns) if f.name == "columns" else getattr(t, f.name)
            for f in dataclasses.fields(t)
        ]
        for t in catalog.tables
    ]
    return {
        "version": catalog.version,
        "dialect": catalog.dialect,
        "default_schema": catalog.default_schema,
        "data_version": catalog.data_version,
        "dbt_ran": catalog.dbt_ran,
        "tables": tables,
        "relationships": rows(catalog.relationships),
        "metrics": rows(catalog.metrics),
        "glossary": rows(catalog.glossary),
        "quality": rows(catalog.quality),
        "values": dict(catalog.values),
        "complete": sorted(catalog.complete),
    }


def load(data: dict[str, Any]) -> Catalog:
    """The catalog that `dump` wrote."""
    tables = []
    for row in data["tables"]:
        fields = dict(zip((f.name for f in dataclasses.fields(Table)), row, strict=True))
        fields["columns"] = tuple(Column(*_tuples(c)) for c in fields["columns"])
        tables.append(Table(**{k: v if k == "columns" else _tuple(v) for k, v in fields.items()}))
    return Catalog(
        version=data["version"],
        dialect=data["dialect"],
        default_schema=data["default_schema"],
        data_version=data["data_version"],
        dbt_ran=data["dbt_ran"],
        tables=tuple(tables),
        relationships=tuple(Relationship(*_tuples(r)) for r in data["relationships"]),
        metrics=tuple(Metric(*_tuples(m)) for m in data["metrics"]),
        glossary=tuple(Term(*_tuples(t)) for t in data["glossary"]),
        quality=tuple(QualityIssue(*_tuples(q)) for q in data["quality"]),
        values={k: tuple((v, n) for v, n in rows) for k, rows in data["values"].items()},
        complete=frozenset(data["complete"]),
    )


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _tuples(row: list[Any]) -> list[Any]:
    return [_tuple(value) if isinstance(value, list) else value for value in row]

"""Exports: rows written into files, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping

from datamind.adapters.exports.excel import ExcelFile
from datamind.adapters.exports.parquet import ParquetFile
from datamind.adapters.exports.texts import CsvFile, JsonFile
from datamind.ports import Exporter

EXPORTERS: Mapping[str, Exporter] = {
    "csv": CsvFile(),
    "json": JsonFile(),
    "xlsx": ExcelFile(),
    "parquet": ParquetFile(),
}

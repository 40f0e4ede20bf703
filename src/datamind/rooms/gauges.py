"""Gauges that are looked up now and then, and told as they were at the last look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

Value = float | Mapping[Any, float]  # by the values of the labels


class Looked(Collector):
    """What was looked up last, by whoever does it; what could not be is not there."""

    def __init__(self) -> None:
        self.families: Sequence[Metric] = ()

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self.families


def gauge(name: str, says: str, value: Value, labels: tuple[str, ...] = ()) -> Metric:
    """A gauge of this value, or of these by their labels."""
    family = GaugeMetricFamily(name, says, labels=labels)
    values = value if isinstance(value, Mapping) else {(): value}
    for at, number in values.items():
        family.add_metric(at, float(number))
    return family

"""Ranking: what is known of a reading becomes features, and the features a score."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

FEATURES = (
    "gain",
    "links",
    "joins",
    "penalty",
    "idle",
    "unknown",
    "verbs",
    "proper",
    "narrowing",
    "dropped",
    "relations",
    "unnamed",
    "unused",
    "cover",
    "weakest",
    "synonyms",
    "guesses",
    "texts",
)


@lru_cache(maxsize=1)
def weights() -> Mapping[str, float]:
    """The fitted weights, from `weights.json` beside this module."""
    text = resources.files("datamind.language").joinpath("weights.json").read_text("utf-8")
    return {str(k): float(v) for k, v in json.loads(text)["weights"].items()}


@lru_cache(maxsize=1)
def calibration() -> Mapping[str, float]:
    """The fitted coefficients of the confidence, and its thresholds."""
    text = resources.files("datamind.language").joinpath("weights.json").read_text("utf-8")
    return {str(k): float(v) for k, v in json.loads(text)["calibration"].items()}


def score(features: Mapping[str, float]) -> float:
    """The log-linear score of a reading; higher is likelier."""
    known = weights()
    return sum(known.get(name, 0.0) * value for name, value in features.items())


def confidence(features: Mapping[str, float], margin: float) -> float:
    """The calibrated probability that the best reading is right, 0 to 1."""
    known = calibration()
    total = known["bias"] + known["margin"] * min(margin, 3.0)
    total += sum(known.get(name, 0.0) * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))

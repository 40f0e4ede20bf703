"""Fits the language engine's weights on the traces of a suite, and says how well they carry over.

    datamind eval explain SUITE --databases DIR --out traces.jsonl
    make train TRACES=traces.jsonl

Ranking is pairwise logistic: each right reading against each wrong one of its question, a question
weighing one in all (Joachims, Optimizing Search Engines using Clickthrough Data, 2002). Confidence
is a logistic regression on the first reading's features and its margin. Both are pulled towards
their start by L2, and every weight keeps its sign: a worse link never makes a reading likelier.
The table gives, for several thresholds, what comes out when each database is left out of the fit
in turn and asked with the weights of the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from datamind.language.ranking import FEATURES

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
SIGNS = np.array([1.0 if name == "gain" else -1.0 for name in FEATURES])
START = {"gain": 0.6, "links": -1.0, "joins": -0.15, "penalty": -1.0, "unknown": -0.8,
         "proper": -1.2, "dropped": -0.9, "relations": -0.05, "unnamed": -0.3, "narrowing": -0.3,
         "unused": -0.5}  # fmt: skip
MARGIN = 3.0
THRESHOLDS = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
CLARIFY = 0.7  # of the threshold to answer


@dataclass(frozen=True, slots=True)
class Traced:
    """A question's readings: one row of features each, and which are right."""

    database: str
    answerable: bool
    features: Matrix
    right: np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights of the ranking; bias, margin and weights of the confidence."""

    rank: Vector
    trust: Vector

    def first(self, question: Traced) -> tuple[bool, float]:
        """Whether the first reading is right, and how likely that seemed."""
        row, right = first_row(question, self.rank)
        return right, float(1 / (1 + np.exp(-row @ self.trust)))


def load(file: Path) -> list[Traced]:
    """The traces that `eval explain --out` wrote."""
    found = []
    for line in file.read_text("utf-8").splitlines():
        trace = json.loads(line)
        rows = [[r["features"].get(f, 0.0) for f in FEATURES] for r in trace["readings"]]
        found.append(
            Traced(
                trace["database"],
                trace["place"] not in ("refused rightly", "answered in vain"),
                np.array(rows, dtype=float).reshape(len(rows), len(FEATURES)),
                np.array([r["right"] for r in trace["readings"]], dtype=bool),
            )
        )
    return found


def fit(questions: list[Traced]) -> Fit:
    """Both sets of weights, by projected gradient ascent."""
    rank = fit_ranking(questions)
    return Fit(rank, fit_confidence(questions, rank))


def fit_ranking(questions: list[Traced], *, pull: float = 1.0, steps: int = 3_000) -> Vector:
    """The weights under which right readings come before wrong ones."""
    pairs, shares = [], []
    for q in questions:
        good, bad = q.features[q.right], q.features[~q.right]
        for one in good if len(bad) else ():
            pairs.extend(one - bad)
            shares.extend([1 / (len(good) * len(bad))] * len(bad))
    start = np.array([START.get(f, 0.0) for f in FEATURES])
    differences, share, weights = np.array(pairs), np.array(shares), start.copy()
    rate = 0.05 / max(1.0, len(questions) / 50)
    for _ in range(steps):
        miss = 1 / (1 + np.exp(differences @ weights))
        weights = weights + rate * (differences.T @ (share * miss) - pull * (weights - start))
        weights = np.where(SIGNS * weights < 0, 0.0, weights)
    return weights


def first_row(question: Traced, rank: Vector) -> tuple[Vector, bool]:
    """Bias, margin and features of the first reading, and whether it is right."""
    scores = question.features @ rank
    order = np.argsort(-scores, kind="stable")
    margin = min(MARGIN, scores[order[0]] - scores[order[1]]) if len(order) > 1 else MARGIN
    row = np.concatenate([[1.0, margin], question.features[order[0]]])
    return row, bool(question.right[order[0]])


def fit_confidence(
    questions: list[Traced], rank: Vector, *, pull: float = 0.5, steps: int = 4_000
) -> Vector:
    """The coefficients of the probability that the first reading is right."""
    known = [first_row(q, rank) for q in questions if len(q.features)]
    rows, right = np.array([r for r, _ in known]), np.array([float(y) for _, y in known])
    signs = np.concatenate([[0.0, 1.0], SIGNS])
    weights = np.zeros(rows.shape[1])
    for _ in range(steps):
        miss = right - 1 / (1 + np.exp(-rows @ weights))
        pulled = pull * np.concatenate([[0.0], weights[1:]])
        weights = weights + 0.02 / (len(right) / 30) * (rows.T @ miss - pulled)
        weights = np.where(signs * weights < 0, 0.0, weights)
    return weights


def left_out(questions: list[Traced]) -> list[tuple[Traced, bool, float]]:
    """Each question with the outcome under weights fitted on the other databases."""
    found = []
    for database in sorted({q.database for q in questions}):
        fitted = fit([q for q in questions if q.database != database])
        mine = [q for q in questions if q.database == database and len(q.features)]
        found += [(q, *fitted.first(q)) for q in mine]
    return found


def table_of(questions: list[Traced], outcomes: list[tuple[Traced, bool, float]]) -> Table:
    """Right and wrong answers by threshold."""
    answerable = sum(q.answerable for q in questions)
    table = Table("answer from", "right", "%", "wrong", "%", "answered in vain")
    for threshold in THRESHOLDS:
        told = [(q, right) for q, right, p in outcomes if p >= threshold]
        right = sum(r for _, r in told)
        wrong = sum(not r and q.answerable for q, r in told)
        vain = sum(not q.answerable for q, _ in told)
        shares = f"{100 * right / answerable:.1f}", f"{100 * wrong / answerable:.1f}"
        table.add_row(f"{threshold}", str(right), shares[0], str(wrong), shares[1], str(vain))
    return table


def reliability(outcomes: list[tuple[Traced, bool, float]], bins: int = 6) -> Table:
    """Said against found, in bins of equal size."""
    table = Table("confidence", "right", "questions")
    ordered = sorted((p, right) for _, right, p in outcomes)
    for part in np.array_split(np.array(ordered, dtype=float), bins):
        table.add_row(f"{part[:, 0].mean():.2f}", f"{part[:, 1].mean():.2f}", str(len(part)))
    return table


def write(fitted: Fit, threshold: float) -> None:
    """Replace the engine's weights."""
    names = ["bias", "margin", *FEATURES]
    trust = {n: round(float(v), 4) for n, v in zip(names, fitted.trust, strict=True)}
    rank = {n: round(float(v), 4) for n, v in zip(FEATURES, fitted.rank, strict=True)}
    limits = {"answer": threshold, "clarify": round(CLARIFY * threshold, 4)}
    text = json.dumps({"version": 1, "weights": rank, "calibration": trust | limits}, indent=1)
    file = resources.files("datamind.language").joinpath("weights.json")
    Path(str(file)).write_text(text + "\n", "utf-8")


def main() -> int:
    """2 where there are no traces."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", type=Path, help="what `datamind eval explain --out` wrote")
    parser.add_argument("--threshold", type=float, default=0.6, help="confidence to answer from")
    parser.add_argument("--write", action="store_true", help="replace the engine's weights")
    options = parser.parse_args()
    if not options.traces.is_file():
        print(f"There are no traces at {options.traces}: run `datamind eval explain --out` first.")
        return 2
    questions = load(options.traces)
    outcomes = left_out(questions)
    console = Console()
    console.print("Each database left out of the fit in turn:", table_of(questions, outcomes))
    console.print("Reliability:", reliability(outcomes))
    if options.write:
        write(fit(questions), options.threshold)
    return 0


if __name__ == "__main__":
    sys.exit(main())

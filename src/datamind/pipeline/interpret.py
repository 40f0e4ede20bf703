"""Stage 1, interpret: a question becomes ranked readings over what its asker may see."""

from __future__ import annotations

from dataclasses import replace

from datamind.errors import BadInput, EmptyQuestion, QuestionTooLong
from datamind.pipeline.alternatives import alternatives
from datamind.ports import Planner
from datamind.records import Interpretation, Question, Refusal
from datamind.semantics.catalog import View

MAX_QUESTION = 4_000
MAX_EVIDENCE = 20_000
NOTHING = Refusal("nothing_to_see", "There is no data here that you may see: ask an admin for it.")


def interpret(question: Question, view: View, planner: Planner) -> Interpretation:
    """Readings of the question; BadInput or one of its kind for what can't be read."""
    if not (_is_text(question.text) and _is_text(question.evidence)):
        raise BadInput("The question holds bytes that are no text.", hint="Write it in UTF-8.")
    if not any(letter.isalnum() for letter in question.text):
        raise EmptyQuestion("The question is empty.")
    if len(question.text) > MAX_QUESTION:
        raise QuestionTooLong(
            f"The question has {len(question.text):,} characters; {MAX_QUESTION:,} are the limit."
        )
    if len(question.evidence) > MAX_EVIDENCE:
        raise QuestionTooLong(
            f"The evidence has {len(question.evidence):,} characters;"
            f" {MAX_EVIDENCE:,} are the limit."
        )
    if not view.tables:  # in the same words where there is nothing and where nothing is granted
        return Interpretation("refused", (), 1.0, refusal=NOTHING)
    read = planner.interpret(question, view)
    if read.status != "answered" or read.choices or read.drill is not None:
        return read
    return replace(read, choices=alternatives(read.candidates, view))


def _is_text(text: str) -> bool:
    """Whether it can be sent to a database: halves of letters and NUL can't."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)

"""Stage 1, interpret: a question becomes ranked readings over what its asker may see."""

from __future__ import annotations

from datamind.errors import EmptyQuestion, QuestionTooLong
from datamind.ports import Planner
from datamind.records import Interpretation, Question
from datamind.semantics.catalog import View

MAX_QUESTION = 4_000
MAX_EVIDENCE = 20_000


def interpret(question: Question, view: View, planner: Planner) -> Interpretation:
    """Readings of the question; EmptyQuestion or QuestionTooLong for what can't be read."""
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
    return planner.interpret(question, view)

"""Wire shapes of feedback (api.md, section 2)."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from datamind.rooms.bodies import Body
from datamind.rooms.paging import Page
from datamind.rooms.text import Text


class FlagIn(Body):
    """What is wrong with an answer, or right: `rating` is 1 (wrong) to 5 (just right)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "query_id": "qry-0123456789abcdef",
                "comment": "Returns should not count.",
                "rating": 2,
            }
        }
    )

    query_id: Text = Field(max_length=64)
    comment: Text = Field(default="", max_length=4_000)
    rating: int = Field(ge=1, le=5)
    corrected_sql: Text | None = Field(default=None, max_length=64 * 1024)


class FlagOut(BaseModel):
    """The flag was kept."""

    feedback_id: str
    status: Literal["flagged_for_review"]
    message: str
    correlation_id: str


class FeedbackOut(BaseModel):
    """One piece of feedback."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    query_id: str
    user_id: str
    created_at: dt.datetime
    comment: str
    rating: int
    corrected_sql: str | None
    status: str
    tag: str


class FeedbackPage(Page):
    """A page of feedback."""

    items: list[FeedbackOut]

"""Bodies: what clients send. A field that nobody reads is told, for its sender counts on it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Base of what is sent to write or to ask."""

    model_config = ConfigDict(extra="forbid")

"""Stage 3, validate: a draft is one read-only statement over what its asker may see."""

from __future__ import annotations

from datamind.governance import check
from datamind.records import Checked, Draft
from datamind.semantics.catalog import View


def validate(draft: Draft, view: View) -> Checked:
    """The checked draft; SqlRejected with the reason."""
    return check(draft, view)

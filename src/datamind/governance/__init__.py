"""Governance: what runs is what was checked, and it shows only what its asker may see."""

from datamind.governance.guard import check, govern

__all__ = ["check", "govern"]

"""Governance: what runs is what was checked."""

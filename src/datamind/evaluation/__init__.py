"""Measuring answers against suites of questions with known results."""

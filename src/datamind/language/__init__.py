"""The language engine: a question and a catalog become an Interpretation, deterministically."""

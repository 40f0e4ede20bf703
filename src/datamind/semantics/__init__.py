"""Semantics: the catalog, the plan algebra and the compiler."""

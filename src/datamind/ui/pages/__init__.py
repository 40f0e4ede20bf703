"""The live pages, one module each."""

"""DataMind answers plain-English questions over a company's data."""

__version__ = "0.1.0"

"""The pipeline: the seven stages from question to answer."""

"""The steps that the metadata store has taken, oldest first."""

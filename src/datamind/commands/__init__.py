"""Commands: what each `datamind` command does once its options are read."""

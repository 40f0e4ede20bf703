"""How it is told that a job waits: within this process, or to workers elsewhere."""

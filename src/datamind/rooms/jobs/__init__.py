"""Jobs: what is done in the background, its queue of record, and the schedules that ask for it."""

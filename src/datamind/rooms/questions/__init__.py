"""Questions and SQL: asked, run, streamed, cancelled, remembered."""

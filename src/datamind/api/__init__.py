"""The HTTP API: one FastAPI application over the rooms, wired in `app.py`."""

"""The people who may sign in, and their roles."""

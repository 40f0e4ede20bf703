"""Backups: all that an installation keeps, in one file that can be verified and restored."""

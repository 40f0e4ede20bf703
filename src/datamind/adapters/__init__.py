"""Adapters: the outside parts behind the ports."""

"""How the system is: health and metrics."""

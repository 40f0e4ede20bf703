"""Redis behind the ports: what several servers share, while it is there."""

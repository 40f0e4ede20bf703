"""What a statement may be made of: node types, and each database's functions."""

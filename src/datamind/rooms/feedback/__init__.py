"""What askers say of answers."""

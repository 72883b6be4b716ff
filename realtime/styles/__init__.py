"""Style pictures and their codes, found by name."""

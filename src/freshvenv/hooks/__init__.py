"""Git hooks: the shims that are installed, and the stamp that lets them leave at once."""

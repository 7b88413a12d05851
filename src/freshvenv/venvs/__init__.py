"""Virtual environments: what is in them, and how a payload gets there."""

"""A package whose one answer depends on which commit it was built from."""

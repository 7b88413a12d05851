"""A demonstration package."""

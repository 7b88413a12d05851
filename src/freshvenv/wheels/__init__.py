"""Wheels: built once for a tree, kept unpacked, ready to be placed into any venv they fit."""

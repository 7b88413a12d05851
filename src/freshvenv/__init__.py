"""Git hooks that keep virtual environments in step with the checked-out tree."""

__version__ = "0.1.0"

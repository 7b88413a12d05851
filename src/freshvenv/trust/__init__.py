"""Trust: whether the code that is checked out may be run without asking, decided before anything of it is read."""

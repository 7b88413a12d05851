"""Only on the main branch."""

VALUE = "deleted"

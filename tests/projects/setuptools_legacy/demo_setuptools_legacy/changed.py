"""As long on both branches, so that only the content tells them apart."""

VALUE = "old"


def main() -> None:
    print(VALUE)

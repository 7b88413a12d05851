"""One number made of three digits, so that it shows which branches were merged: each changes its own."""

from demo import extra, left, right


def value() -> int:
    return 100 * extra.NUMBER + 10 * left.NUMBER + right.NUMBER


def main() -> None:
    print(value())

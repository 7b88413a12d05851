"""Values with some of their parts exchanged, whatever kind of immutable class they are of."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def replace(value: _Value, /, **changes: Any) -> _Value:
    """A copy with other values for some fields: of a named tuple, or of a data class."""
    exchange: Any = getattr(value, "_replace", None)
    copy: _Value = exchange(**changes) if exchange else dataclasses.replace(value, **changes)  # type: ignore[type-var]
    return copy

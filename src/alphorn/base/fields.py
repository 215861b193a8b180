"""Small JSON objects read with care: what is wrong is said with the name of the field.

    fields = Fields(value, "responder")
    name = fields.text("name", 100)
    fields.done()

Everything is bounded by the caller; nothing that is unknown is kept, and nothing unknown passes.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from alphorn.base.errors import Refused

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_LINE_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")


class FieldError(Refused):
    """`field` is the name of what is wrong ("responder.start"), `reason` says what."""

    code = "field"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}.")
        self.field = field
        self.reason = reason


class Fields:
    """The fields of one object, each asked for once. Every method raises FieldError."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise FieldError(name, "is to be an object")
        self._values: Mapping[str, object] = value
        self._name = name
        self._asked: set[str] = set()

    def text(self, name: str, most: int, default: str | None = None) -> str:
        """Of several lines, which end with LF; `most` is in octets of UTF-8."""
        value = self._get(name, default)
        return lines(value, f"{self._name}.{name}", most)

    def line(self, name: str, most: int, default: str | None = None) -> str:
        """Of one line, without control characters; `most` is in characters."""
        value = self._get(name, default)
        return line(value, f"{self._name}.{name}", most)

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise FieldError(f"{self._name}.{name}", f"is to be a number from {low} to {high}")
        return value

    def list_of(self, name: str, most: int, read: Callable[[object, str], T]) -> tuple[T, ...]:
        """A missing list is an empty one. `read` takes an entry and its name for errors."""
        value = self._get(name, ())
        where = f"{self._name}.{name}"
        if not isinstance(value, list | tuple):
            raise FieldError(where, "is to be a list")
        if len(value) > most:
            raise FieldError(where, f"has {len(value)} entries; there may be {most}")
        return tuple(read(one, f"{where}[{at}]") for at, one in enumerate(value))

    def done(self) -> None:
        """Raises where there are fields that nobody has asked for."""
        for name in self._values:
            if name not in self._asked:
                raise FieldError(f"{self._name}.{str(name)[:40]}", "there is no such field")

    def _get(self, name: str, default: object) -> object:
        self._asked.add(name)
        value = self._values.get(name, default)
        if value is None:
            raise FieldError(f"{self._name}.{name}", "is missing")
        return value


def read_json(text: str, name: str) -> object:
    """Raises FieldError where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldError(name, "is no JSON") from error


def lines(value: object, field: str, most: int) -> str:
    """Text of several lines, its line ends as LF. Raises FieldError."""
    if not isinstance(value, str):
        raise FieldError(field, "is to be text")
    text = _LINE_END.sub("\n", value)
    bad = _CONTROL.search(text)
    if bad is not None:
        raise FieldError(field, f"has the character U+{ord(bad[0]):04X} in it")
    octets = len(text.encode())
    if octets > most:
        raise FieldError(field, f"has {octets} octets; it may have {most}")
    return text


def line(value: object, field: str, most: int) -> str:
    """Text of one line, without white space around it. Raises FieldError."""
    if not isinstance(value, str):
        raise FieldError(field, "is to be text")
    text = value.strip()
    bad = _LINE_CONTROL.search(text)
    if bad is not None:
        raise FieldError(field, f"has the character U+{ord(bad[0]):04X} in it")
    if len(text) > most:
        raise FieldError(field, f"has {len(text)} characters; it may have {most}")
    return text

"""The commands of ManageSieve as values (RFC 5804 §2): what the grammar makes and handlers take.

Names of scripts are text as it came; whether it can be a name is not judged here. Scripts are
octets: that they are UTF-8 is for the compiler to say, with the place where they are not.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`mechanism` in upper case. `initial`: the initial response, decoded, or None."""

    mechanism: str
    initial: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StartTls:
    pass


@dataclass(frozen=True, slots=True)
class Logout:
    pass


@dataclass(frozen=True, slots=True)
class Capability:
    pass


@dataclass(frozen=True, slots=True)
class Noop:
    """`tag` is to be given back, None where there is none."""

    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Unauthenticate:
    pass


@dataclass(frozen=True, slots=True)
class HaveSpace:
    name: str
    octets: int


@dataclass(frozen=True, slots=True)
class PutScript:
    name: str
    source: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckScript:
    source: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListScripts:
    pass


@dataclass(frozen=True, slots=True)
class SetActive:
    """`name` "" for none."""

    name: str


@dataclass(frozen=True, slots=True)
class GetScript:
    name: str


@dataclass(frozen=True, slots=True)
class DeleteScript:
    name: str


@dataclass(frozen=True, slots=True)
class RenameScript:
    name: str
    new_name: str


Command = (
    Authenticate | StartTls | Logout | Capability | Noop | Unauthenticate | HaveSpace | PutScript
    | CheckScript | ListScripts | SetActive | GetScript | DeleteScript | RenameScript
)  # fmt: skip

"""`alphorn account lock` and `unlock`, as a person and as a script call them."""

from collections.abc import Iterator

import pytest

from alphorn.operations.notices import Notices
from alphorn.operations.sending_parts import SendingParts
from alphorn.store.state import State
from tests.cli.support import Terminal
from tests.support.installation import PASSWORD, Installation

ANNA = "anna@example.test"


class Outgoing:
    """What a lock reaches; `held` is what it holds, `notices` how often somebody is told."""

    def __init__(self, installation: Installation) -> None:
        self.held = 7
        self.mail: list[bytes] = []
        self.forgiven: list[int] = []
        self.state = State(installation.folder / "state.sqlite")
        notices = Notices(
            installation.view,
            self.state,
            lambda raw, envelope, origin: self.mail.append(raw) or "Q1",  # type: ignore[func-returns-value]
            hostname="mx.example.test",
            postmaster="operator@office.test",
            clock=installation.clock,
        )
        self.sending = SendingParts(
            hold=lambda account_id, since: self.held,
            release=lambda account_id: self.held,
            forgive=self.forgiven.append,
            notices=notices,
            trace=lambda event: None,
        )


@pytest.fixture
def outgoing(alphorn: Terminal, installation: Installation) -> Iterator[Outgoing]:
    assert alphorn("organization", "add", "Acme").code == 0
    assert alphorn("domain", "add", "example.test", "--organization", "Acme").code == 0
    done = alphorn("address", "add", ANNA, "--password-stdin", typed=PASSWORD + "\n")
    assert done.code == 0
    made = Outgoing(installation)
    alphorn.services["outgoing"] = made
    yield made
    made.state.close()


def test_locked_shown_and_unlocked(
    alphorn: Terminal, outgoing: Outgoing, installation: Installation
) -> None:
    shown = alphorn("account", "show", ANNA)
    assert "locked" not in shown.out
    done = alphorn("account", "lock", ANNA, "--reason", "Sends spam since noon")
    assert done.code == 0
    assert "2027-01-15" in done.out
    assert "Sends spam since noon." in done.out
    assert (
        f"2 people are told. Of its mail 7 recipients are held: alphorn queue list --held "
        f"--address {ANNA}" in done.err
    )
    assert len(outgoing.mail) == 2
    assert "Sends spam since noon." in alphorn("account", "show", ANNA).out
    row = alphorn("account", "show", ANNA, "--json").json()
    assert row["sending_locked_at"] == installation.clock.now
    (listed,) = alphorn("account", "list", "--json").json()
    assert listed["sending_lock_reason"] == "Sends spam since noon."
    assert "was locked already" in alphorn("account", "lock", ANNA).err
    done = alphorn("account", "unlock", ANNA, "--release")
    assert done.code == 0
    assert "7 recipients of mail that was held go on" in done.err
    assert len(outgoing.forgiven) == 1
    assert alphorn("account", "show", ANNA, "--json").json()["sending_locked_at"] is None
    done = alphorn("account", "unlock", ANNA)
    assert (done.code, done.out) == (1, "")
    assert "it is not locked" in done.err


def test_without_a_reason_there_is_one(alphorn: Terminal, outgoing: Outgoing) -> None:
    row = alphorn("account", "lock", ANNA, "--json").json()
    assert row["sending_lock_reason"] == "It was locked by whoever runs this service."
    done = alphorn("account", "unlock", ANNA)
    assert "is held still" in done.err
    assert f"alphorn queue list --held --address {ANNA}" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("lock", "nobody@example.test"), 1),
        (("lock", ANNA, "--reason", " "), 1),
        (("unlock", "nobody@example.test"), 1),
        (("lock",), 2),
        (("unlock", ANNA, "--sometimes"), 2),
    ],
)
def test_mistakes(alphorn: Terminal, outgoing: Outgoing, words: tuple[str, ...], code: int) -> None:
    done = alphorn("account", *words)
    assert done.code == code
    assert done.err
    assert not outgoing.mail

"""Whoever watches is told what people do with their mail, once it is done, and of nothing else."""

from collections.abc import Sequence

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap.watched import Pairs
from alphorn.store.api import FlagAction, Place
from tests.servers.imap.house import House
from tests.servers.imap.play import Client, logged_in
from tests.support.stage import on_loop


class Diary:
    """Writes down what it is told."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.lines: list[str] = []

    def _name(self, mailbox_id: int) -> str:
        mail = self._house.store.account(self._house.account.id)
        return next(box.name for box in mail.mailboxes() if box.id == mailbox_id)

    def _add(self, account_id: int, line: str) -> None:
        assert account_id == self._house.account.id
        self.lines.append(line)

    def moved(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        names = f"{self._name(source)} to {self._name(target)}"
        self._add(account_id, f"moved from {names}: {list(pairs)}")

    def copied(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        names = f"{self._name(source)} to {self._name(target)}"
        self._add(account_id, f"copied from {names}: {list(pairs)}")

    def flagged(
        self,
        account_id: int,
        mailbox: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str],
    ) -> None:
        what = f"{action.value}{Flag(flags)!r} {sorted(keywords)}"
        self._add(account_id, f"flagged {list(uids)} in {self._name(mailbox)}: {what}")

    def appended(self, account_id: int, place: Place, uids: Sequence[int]) -> None:
        name = self._name(place) if isinstance(place, int) else place
        self._add(account_id, f"appended to {name}: {list(uids)}")


def watching(house: House, *commands: str) -> list[str]:
    """What is told of these commands, on a mailbox of three messages."""
    diary = Diary(house)

    async def main() -> None:
        async with house.serving() as port:
            client: Client = await logged_in(port)
            for _ in range(3):
                await client.append("parts")
            await client.do("SELECT INBOX")
            diary.lines.clear()
            for command in commands:
                await client.do(command, ok=False)
            await client.close()

    house.watch = diary
    on_loop("uvloop", main)
    return diary.lines


def test_moves(house: House) -> None:
    assert watching(house, "MOVE 1,3 Junk", "UID MOVE 2 Archive", "MOVE 1 Junk") == [
        "moved from INBOX to Junk: [(1, 1), (3, 2)]",
        "moved from INBOX to Archive: [(2, 1)]",
    ]


def test_the_way_of_programs_without_move(house: House) -> None:
    told = watching(house, "UID COPY 2 Junk", "UID STORE 2 +FLAGS.SILENT (\\Deleted)", "EXPUNGE")
    assert told == [
        "copied from INBOX to Junk: [(2, 1)]",
        f"flagged [2] in INBOX: +{Flag.DELETED!r} []",
    ]


def test_keywords(house: House) -> None:
    commands = ("STORE 1:2 +FLAGS ($Junk)", "STORE 1:3 +FLAGS ($Junk)", "STORE 1 -FLAGS (Junk)")
    told = watching(house, *commands, "UID STORE 3 FLAGS (NonJunk \\Seen)")
    assert told == [
        f"flagged [1, 2] in INBOX: +{Flag(0)!r} ['$Junk']",
        f"flagged [3] in INBOX: +{Flag(0)!r} ['$Junk']",
        f"flagged [3] in INBOX: ={Flag.SEEN!r} ['NonJunk']",
    ]


def test_appended(house: House) -> None:
    raw = "From: a@b.test\r\n\r\nx\r\n"
    told = watching(house, f"APPEND Junk {{{len(raw)}+}}\r\n{raw}", "APPEND Nowhere {1+}\r\nx")
    assert told == ["appended to Junk: [1]"]


def test_reading_and_what_fails_is_told_to_nobody(house: House) -> None:
    told = watching(
        house, "FETCH 1:* (FLAGS BODY.PEEK[])", "SEARCH ALL", "COPY 1 Nowhere", "MOVE 9 Junk",
        "STORE 1 +FLAGS ()", "EXAMINE INBOX", "STORE 1 +FLAGS ($Junk)", "IDLE\r\nDONE",
    )  # fmt: skip
    assert told == []

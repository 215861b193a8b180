from alphorn.servers.smtp.room import Room

QUOTA = 1000


class Mailbox:
    def __init__(self, octets: int) -> None:
        self.octets = octets
        self.asked = 0

    def __call__(self, account_id: int) -> int:
        self.asked += 1
        return self.octets


def test_what_is_far_from_the_limit_is_asked_for_once() -> None:
    mailbox = Mailbox(100)
    room = Room(mailbox)
    assert [room.holds(1, 10, QUOTA) for _ in range(5)] == [True] * 5
    assert mailbox.asked == 1


def test_near_the_limit_nothing_is_remembered() -> None:
    mailbox = Mailbox(950)
    room = Room(mailbox)
    assert room.holds(1, 50, QUOTA)
    mailbox.octets = 951
    assert not room.holds(1, 50, QUOTA)
    mailbox.octets = 0
    assert room.holds(1, 50, QUOTA)


def test_a_message_that_may_not_fit_is_judged_by_what_is_there_now() -> None:
    mailbox = Mailbox(0)
    room = Room(mailbox)
    assert room.holds(1, 1, QUOTA)
    mailbox.octets = 500
    assert not room.holds(1, 901, QUOTA)
    assert not room.holds(1, 501, QUOTA)


def test_accounts_are_told_apart() -> None:
    room = Room(lambda account_id: 1000 if account_id == 2 else 0)
    assert room.holds(1, 1, QUOTA)
    assert not room.holds(2, 1, QUOTA)

"""Conversations (RFC 8474 §5.2): messages that know each other by Message-ID."""

from itertools import permutations

from alphorn.base.flags import Flag
from alphorn.store.api import Account, Column, FlagAction
from tests.store.mail import EVERY, new, raw


def reply(number: object, *parents: object) -> bytes:
    more = ""
    if parents:
        references = " ".join(f"<{parent}@example.test>" for parent in parents)
        more = f"In-Reply-To: <{parents[-1]}@example.test>\r\nReferences: {references}\r\n"
    return raw(f"Re: {number}", number=number, more=more)


def threads(account: Account, mailbox_id: int) -> list[object]:
    return [row[0] for row in account.fetch(mailbox_id, EVERY, (Column.THREAD_ID,))]


def test_a_reply_joins_the_thread(account: Account, inbox: int) -> None:
    (first,) = account.append(inbox, [new(reply("a"))])
    (second,) = account.append(inbox, [new(reply("b", "a"))])
    (third,) = account.append(account.mailbox("Sent").id, [new(reply("c", "a", "b"))])
    (other,) = account.append(inbox, [new(reply("x"))])
    assert first.thread_id == second.thread_id == third.thread_id != other.thread_id


def test_messages_in_any_order_become_one_thread(account: Account) -> None:
    chain = [reply("a"), reply("b", "a"), reply("c", "b"), reply("d", "c")]
    for n, order in enumerate(permutations(range(4))):
        mailbox = account.create(f"order {n}").id
        for at in order:
            message = chain[at].replace(b"@example.test>", f"@{n}.test>".encode())
            account.append(mailbox, [new(message)])
        assert len(set(threads(account, mailbox))) == 1, order
    assert account.check() == []


def test_one_append_of_many(account: Account, inbox: int) -> None:
    account.append(inbox, [new(reply("a")), new(reply("z")), new(reply("b", "z")), new(reply("y"))])
    assert threads(account, inbox)[1] == threads(account, inbox)[2]
    assert len(set(threads(account, inbox))) == 3
    account.append(inbox, [new(reply("c", "a", "y")), new(reply("d", "b", "c"))])
    assert len(set(threads(account, inbox))) == 1
    assert account.check() == []


def test_threads_are_merged_again_and_again(account: Account, inbox: int) -> None:
    for n in range(32):
        account.append(inbox, [new(reply(n))])
    step = 1
    while step < 32:
        for n in range(0, 32, 2 * step):
            account.append(inbox, [new(reply(f"{step}-{n}", n, n + step))])
        step *= 2
    assert len(set(threads(account, inbox))) == 1
    (last,) = account.append(inbox, [new(reply("last", 17))])
    assert last.thread_id == threads(account, inbox)[0]
    assert account.check() == []


def test_messages_without_identifiers_are_threads_of_their_own(
    account: Account, inbox: int
) -> None:
    a, b = account.append(inbox, [new(raw("one")), new(raw("two"))])
    assert a.thread_id != b.thread_id


def test_a_thread_is_forgotten_with_its_last_message(account: Account, inbox: int) -> None:
    account.append(inbox, [new(reply(n, n + 1)) for n in range(0, 3000, 2)])
    account.index(10_000)
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    account.index(10_000)
    assert account.check() == []
    (again,) = account.append(inbox, [new(reply("n", 100))])
    assert again.thread_id == again.email_id

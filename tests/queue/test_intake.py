import threading
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify, OriginKind
from alphorn.queue import intake, names
from alphorn.queue.bound import domain_of
from alphorn.queue.intake import Lifetimes, prepare
from alphorn.queue.listing import Filter
from alphorn.queue.queue import Queue
from tests.queue.helpers import MESSAGE, NOW, Clock, envelope, make_queue, origin


def test_everything_comes_out_as_it_went_in(queue: Queue) -> None:
    recipient = EnvelopeRecipient(
        "bärt@bücher.test", frozenset({Notify.SUCCESS, Notify.DELAY}), "utf-8;b\\x{E4}rt@x"
    )
    given = Envelope("änna@example.test", (recipient,), Body.EIGHT_BIT, True, "FULL", "id+2B")
    raw = "From: ä\r\n\r\n\0\xff".encode("latin-1")
    name = queue.enqueue(raw, given, origin=origin(OriginKind.REPLIED))
    found = queue.show(name)
    assert found.message.envelope == Envelope(
        "änna@example.test", (), Body.EIGHT_BIT, True, "FULL", "id+2B"
    )
    assert found.message.origin == origin(OriginKind.REPLIED)
    assert found.message.size == len(raw)
    assert found.message.eight_bit
    assert found.message.utf8_header
    assert found.message.created == NOW
    assert found.message.expires == NOW + Lifetimes().life
    assert queue.content(found.message.id) == raw


@pytest.mark.parametrize(
    ("raw", "eight_bit", "utf8_header"),
    [
        (b"A: b\r\n\r\nc", False, False),
        ("A: b\r\n\r\nä".encode(), True, False),
        ("A: ä\r\n\r\nc".encode(), True, True),
        ("A: ä".encode(), True, True),
    ],
)
def test_what_the_next_server_must_know_is_found_out(
    raw: bytes, eight_bit: bool, utf8_header: bool
) -> None:
    message = prepare(raw, envelope("b@x.test"), origin(), NOW, Lifetimes()).message
    assert (message.eight_bit, message.utf8_header) == (eight_bit, utf8_header)


@pytest.mark.parametrize(
    ("address", "destination"),
    [
        ("b@Remote.TEST", "remote.test"),
        ("b@remote.test.", "remote.test"),
        ("b@Bücher.test", "xn--bcher-kva.test"),
        ("b@[192.0.2.1]", "[192.0.2.1]"),
        ("b@[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
        ('"a@b"@x.test', "x.test"),
        ("b@un_der.test", "un_der.test"),
    ],
)
def test_destinations(address: str, destination: str) -> None:
    assert domain_of(address) == destination


@pytest.mark.parametrize(
    ("kind", "sender", "told"),
    [
        (OriginKind.SUBMITTED, "a@b", True),
        (OriginKind.REDIRECTED, "a@b", True),
        (OriginKind.SUBMITTED, "", False),
        (OriginKind.REPORT, "", False),
        (OriginKind.REPLIED, "a@b", False),
    ],
)
def test_who_is_told_of_a_delay(kind: OriginKind, sender: str, told: bool) -> None:
    entry = prepare(MESSAGE, envelope("b@x.test", sender=sender), origin(kind), NOW, Lifetimes())
    assert entry.notice_at == (NOW + Lifetimes().notice if told else None)


def test_without_recipients_nothing_is_queued(queue: Queue) -> None:
    with pytest.raises(Refused):
        queue.enqueue(MESSAGE, envelope(), origin=origin())


def test_recipients_are_bounded(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_RECIPIENTS", 2)
    with pytest.raises(Refused):
        queue.enqueue(MESSAGE, envelope("a@x", "b@x", "c@x"), origin=origin())


def test_a_name_that_is_taken_is_not_given_again(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = iter(["same", "same", "other"])
    monkeypatch.setattr(intake, "new_name", lambda now: next(taken))
    given = envelope("b@x.test")
    assert queue.enqueue(MESSAGE, given, origin=origin()) == "same"
    assert queue.enqueue(MESSAGE, given, origin=origin()) == "other"


def test_names_are_in_the_order_of_time() -> None:
    found = [names.new_name(NOW + number / 1000) for number in range(100)]
    assert found == sorted(found)
    assert len(set(found)) == 100
    assert {len(name) for name in found} == {names.LENGTH}


def test_listeners_hear_of_each_message(queue: Queue) -> None:
    heard: list[int] = []
    queue.listen(lambda: heard.append(1))
    queue.enqueue(MESSAGE, envelope("b@x.test"), origin=origin())
    assert heard == [1]


def test_many_threads_and_processes_may_queue_at_once(tmp_path: Path) -> None:
    """Two queues on one file stand for two processes."""
    queues = [make_queue(tmp_path, Clock()) for _ in range(2)]

    def put(queue: Queue, number: int) -> None:
        for count in range(20):
            given = envelope(f"a{number}-{count}@x.test", "b@y.test")
            queue.enqueue(MESSAGE, given, origin=origin())

    threads = [threading.Thread(target=put, args=(queues[n % 2], n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    health = queues[0].health()
    assert (health.messages, health.waiting) == (160, 320)
    assert len(queues[1].list(Filter(), 1000)) == 160
    for queue in queues:
        queue.close()

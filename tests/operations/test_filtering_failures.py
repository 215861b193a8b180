"""Whatever rules do and whatever fails meanwhile: a message that was accepted is in the account, on
its way to somebody, refused, or discarded because a rule says so."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphorn.base.errors import AlphornError, NotFound, OverQuota, Refused, Unavailable
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations.placement import INTO_INBOX, Placement
from alphorn.store.api import Account
from tests.operations.test_filtering import ALL, FAR, JUNK, MAIL, House
from tests.support.mailhouse import ANNA, BERT, HOSTNAME

BUSY = Unavailable("Locked for too long.", code="busy")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


class Broken:
    """The real account, of which some methods fail: `errors` has what each of their next calls
    raises, None for those that work."""

    def __init__(self, account: Account, **errors: Sequence[Exception | None]) -> None:
        self._account = account
        self.errors = {name: list(given) for name, given in errors.items()}

    def __getattr__(self, name: str) -> object:
        waiting = self.errors.get(name)
        error = waiting.pop(0) if waiting else None
        if error is not None:

            def fail(*arguments: object, **named: object) -> None:
                raise error

            return fail
        return getattr(self._account, name)


def break_anna(house: House, **errors: Sequence[Exception | None]) -> Broken:
    real = house.store
    broken = Broken(house.mail, **errors)

    class Store:
        def account(self, account_id: int) -> object:
            return broken if account_id == house.anna.id else real.account(account_id)

    house.delivery._store = Store()  # type: ignore[assignment]
    return broken


def mend(house: House) -> None:
    house.delivery._store = house.store


@pytest.mark.parametrize("step", ["rules_version", "rules", "mailbox", "deliver", "remembered"])
def test_a_step_that_fails_leaves_everything_to_the_next_attempt(house: House, step: str) -> None:
    house.script('if not duplicate { fileinto "Archive"; }')
    break_anna(house, **{step: [BUSY]})
    assert house.accept().status == "4.2.0"
    assert house.accept().accepted
    assert house.counts() == {"Archive": 1}


def test_where_the_queue_fails_nothing_is_done(house: House) -> None:
    house.script(f'redirect :copy "{FAR}";')
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    assert house.accept().status == "4.3.1"
    assert house.counts() == {}
    house.queue_error = None
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}


def test_what_was_sent_on_is_not_sent_on_again_for_a_copy_that_fails(house: House) -> None:
    house.script(f'redirect :copy "{FAR}"; notify "mailto:x@far.test"; vacation "Away.";')
    broken = break_anna(house, deliver=[BUSY, BUSY])
    assert house.accept().accepted
    sent, rest = house.queued()
    assert sent.message.origin.kind is OriginKind.REDIRECTED
    assert rest.message.origin.kind is OriginKind.REST
    assert house.retry() is Fate.DEFERRED
    assert broken.errors["deliver"] == []
    assert house.retry() is Fate.DELIVERED
    assert house.counts() == {"INBOX": 1}
    assert len(house.queued()) == 2
    assert "queued: Its copy will be tried again: Locked for too long." in house.said()


def test_a_copy_that_waits_keeps_what_was_decided_of_it(house: House) -> None:
    house.script(f'redirect "{FAR}"; fileinto :copy "Archive"; keep;')
    break_anna(house, deliver=[BUSY])
    fields = b"X-Alphorn-Spam: score=1.0; threshold=5.0; verdict=ham; category=social\r\n"
    house.accept(placement=Placement("", fields))
    rest = house.content(house.queued()[-1])
    assert rest == fields + MAIL
    assert house.retry() is Fate.DELIVERED
    assert house.counts() == {"INBOX": 1, "Archive": 1}


def test_where_the_rest_cannot_be_queued_the_sender_comes_again(house: House) -> None:
    house.script(f'redirect :copy "{FAR}";')
    break_anna(house, deliver=[BUSY])
    real = house._enqueue

    def second_fails(raw: bytes, envelope: Envelope, origin: Origin) -> str:
        if origin.kind is OriginKind.REST:
            raise Unavailable("The disk is full.", code="disk-full")
        return real(raw, envelope, origin)

    house.delivery._acting._enqueue = second_fails
    assert house.accept().status == "4.3.1"
    house.delivery._acting._enqueue = real
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}


def test_what_a_rule_only_remembers_may_be_lost(house: House) -> None:
    house.script(f'if not duplicate {{ redirect "{FAR}"; }} else {{ discard; }}')
    break_anna(house, deliver=[BUSY])
    assert house.accept().accepted
    assert len(house.queued()) == 1


@pytest.mark.parametrize("error", [NotFound("Gone."), Refused("Too many keywords.", code="limit")])
def test_a_mailbox_that_goes_meanwhile(house: House, error: Exception) -> None:
    house.script('fileinto "Archive";')
    break_anna(house, deliver=[error])
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}
    assert "delivered: Delivered to INBOX" in house.said()


def test_a_notice_that_does_not_fit_is_left_out(house: House) -> None:
    house.script('fileinto "Gone";')
    break_anna(house, deliver=[OverQuota("Full.")])
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}
    house.accept()
    assert house.counts() == {"INBOX": 3}


def test_what_cannot_be_stored_beside_it_does_not_stop_a_message(house: House) -> None:
    house.script('discard; vacation :fcc "a//b" :create "Away.";')
    assert house.accept().accepted
    house.script('fileinto "Archive"; vacation :handle "2" :fcc "a//b" :create "Away.";')
    house.clock.now += 100
    assert house.accept().accepted
    assert house.counts() == {"Archive": 1}
    assert len(house.queued()) == 2


def test_what_waits_for_one_beside_others_is_not_sent_on_twice(house: House) -> None:
    """A fault of ours, not of the store's."""
    house.script(f'redirect :copy "{FAR}";')
    break_anna(house, deliver=[ValueError("a mistake of ours")])
    assert house.accept(ANNA, BERT).accepted
    kinds = [one.message.origin.kind for one in house.queued()]
    assert kinds.count(OriginKind.REDIRECTED) == 1
    assert house.retry() is Fate.DELIVERED
    assert [one.message.origin.kind for one in house.queued()].count(OriginKind.REDIRECTED) == 1
    assert house.counts() == {"INBOX": 1}


ACTS = (
    "keep;",
    "discard;",
    "stop;",
    'fileinto "Archive";',
    'fileinto "Gone";',
    'fileinto :create "New/Box";',
    'fileinto :create "a//b";',
    'fileinto :copy "inbox";',
    f'redirect "{FAR}";',
    f'redirect :copy "{FAR}";',
    f'redirect "{ANNA}";',
    'redirect "carl@other.test";',
    f'redirect "{BERT}";',
    'reject "No.";',
    'addheader "X" "y";',
    'addflag "$x";',
    'redirect "${1}x";',
    'vacation "Away.";',
    'notify "mailto:n@far.test";',
    "if duplicate { discard; stop; }",
)
FAULTS: tuple[Exception | None, ...] = (
    None,
    None,
    BUSY,
    OverQuota("Full."),
    NotFound("Gone."),
    Refused("Too much.", code="limit"),
    ValueError("a mistake of ours"),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from(ACTS), max_size=4),
    st.lists(st.sampled_from(ACTS), max_size=4),
    st.lists(st.sampled_from(FAULTS), max_size=3),
    st.lists(st.booleans(), max_size=3),
    st.booleans(),
)
def test_nothing_is_lost(
    house: House,
    filters: list[str],
    script: list[str],
    faults: list[Exception | None],
    queue_fails: list[bool],
    spam: bool,
) -> None:
    number = random.Random(repr((filters, script, faults, queue_fails))).getrandbits(60)
    raw = MAIL.replace(b"<1@", b"<%d@" % number)
    mend(house)
    house.mail.put_document("filters", ALL + "".join(filters))
    house.script("".join(script))
    waiting = len(house.queued())
    house.events.clear()
    break_anna(house, deliver=faults)
    fails = list(queue_fails)
    real = house.queue.enqueue

    def enqueue(raw: bytes, envelope: Envelope, origin: Origin) -> str:
        if fails and fails.pop(0):
            raise Unavailable("The disk is full.", code="disk-full")
        return real(raw, envelope, origin=origin)

    for part in (house.delivery, house.delivery._acting, house.delivery._sending_on):
        part._enqueue = enqueue
    placement = JUNK if spam else INTO_INBOX
    try:
        accepted = house.accept(raw=raw, placement=placement).accepted
    except AlphornError:
        accepted = False
    said = house.told("deliver")
    if not accepted:
        return
    stored = bool(house.mail.locate(f"{number}@other.test"))
    queued = any(
        one.message.origin.kind in (OriginKind.REDIRECTED, OriginKind.REST, OriginKind.RECEIVED)
        for one in house.queued()[waiting:]
    )
    discarded = any(one.startswith("info: Discarded by ") for one in said)
    assert stored or queued or discarded, said
    assert not discarded or "discard" in "".join((*filters, *script))


def test_the_rest_is_for_one_recipient_alone(house: House) -> None:
    house.script(f'redirect :copy "{FAR}";')
    break_anna(house, deliver=[BUSY])
    house.accept(ANNA, BERT)
    rest = [one for one in house.queued() if one.message.origin.kind is OriginKind.REST]
    assert [[one.address for one in entry.recipients] for entry in rest] == [[ANNA]]


# -- accounts that send on to each other -----------------------------------------------------------


def test_accounts_that_send_on_to_each_other_make_few_messages_of_one(house: House) -> None:
    """Each hop goes to an address where the message has not been."""

    def script(to: str) -> str:
        further = "".join(f'redirect :copy "{to}+${{2}}{one}@example.test";' for one in "xyz")
        return ALL + f'if header :matches "delivered-to" ["*+*@*", "*@*"] {{ {further} }}'

    house.script(script("bert"), require=False)
    bert = house.store.account(house.bert.id)
    bert.put_script("main", script("anna"))
    bert.activate_script("main")
    assert house.accept().accepted
    done = 0
    while done < len(house.queued()) < 60:
        queued = house.queued()[done]
        for one in queued.recipients:
            recipient = EnvelopeRecipient(one.address)
            envelope = replace(queued.message.envelope, recipients=(recipient,))
            raw, origin = house.content(queued), queued.message.origin
            result = house.delivery.retry(raw, envelope, recipient, origin)
            assert result.fate is Fate.DELIVERED
        done += 1
    # Once each, to three; and Anna once more, who had it from elsewhere the first time.
    assert [len(one.recipients) for one in house.queued()] == [3, 3, 3]
    assert len(house.raws("INBOX")) == 4
    assert any("it was sent on from here before" in text for text in house.said())


def test_a_message_that_came_twice_is_sent_on_twice(house: House) -> None:
    house.script(f'redirect "{FAR}";')
    house.accept()
    house.accept()
    assert len(house.queued()) == 2


def test_what_was_sent_on_is_not_refused_for_a_copy_that_fails(house: House) -> None:
    house.script(f'redirect :copy "{FAR}";')
    break_anna(house, deliver=[BUSY])
    assert house.accept().accepted
    house.script('reject "No.";')
    assert house.retry() is Fate.DELIVERED
    assert house.counts() == {"INBOX": 1}


# -- what others would hear of it ------------------------------------------------------------------


@pytest.mark.parametrize("spf", ["pass", "fail"])
def test_a_refusal_that_comes_late_goes_to_no_forged_sender(house: House, spf: str) -> None:
    house.script('reject "No.";')
    found = f"Authentication-Results: {HOSTNAME}; spf={spf} smtp.mailfrom=other.test\r\n"
    assert house.accept(ANNA, BERT, raw=found.encode() + MAIL).accepted
    assert house.retry() is (Fate.FAILED if spf == "pass" else Fate.DELIVERED)
    assert house.counts() == ({} if spf == "pass" else {"INBOX": 1})


def test_a_locked_account_sends_nothing_on_to_others(house: House) -> None:
    house.script(f'redirect "{FAR}"; redirect "{BERT}";')
    sql = house.installation.sql
    sql("UPDATE directory_account SET sending_locked = 1, sending_lock_reason = 'x'")
    sql("UPDATE directory_directoryversion SET version = version + 1")
    assert house.accept().accepted
    (queued,) = house.queued()
    assert [one.address for one in queued.recipients] == [BERT]
    assert f"info: Not sent on to {FAR} by" in "\n".join(house.said())

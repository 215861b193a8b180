"""Greylisting: who behaves gets through, and nobody else before the wait without a reason."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from alphorn.base.door import Sighting
from alphorn.policy.decision import Act
from alphorn.policy.greylist import (
    Facts,
    Settings,
    Verdict,
    decide,
    expectation,
    expected,
    is_live,
    keys,
    origin_range,
    pool_name,
)
from alphorn.policy.reputation import Standing

NOW = 1_700_000_000.0
DAY = 86400.0
WAIT = 180
SETTINGS = Settings(wait=WAIT, retry_within=36 * 3600, keep=40 * 86400, passes=2)
FACTS = Facts("192.0.2.1", "anna@sender.test", "bert@example.test")


class Memory:
    """The records, as the store keeps them."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.records: dict[int, Sighting] = {}
        self.settings = settings

    def ask(self, now: float, facts: Facts = FACTS) -> Verdict:
        named = keys(facts)
        found = {key: self.records[key] for key in named.all if key in self.records}
        verdict = decide(now, facts, named, found, self.settings)
        self.records.update(verdict.writes)
        return verdict

    def passes(self, now: float, facts: Facts = FACTS) -> bool:
        return self.ask(now, facts).decision.passes

    def wrote(self, now: float, sender: str, *recipients: str) -> None:
        self.records.update((key, expectation(now)) for key in expected(sender, recipients, now))


@pytest.fixture
def memory() -> Memory:
    return Memory()


def reason(verdict: Verdict) -> str:
    return str(verdict.decision.facts["greylist"])


def test_the_exact_reply(memory: Memory) -> None:
    decision = memory.ask(NOW).decision
    assert (decision.act, decision.basic, decision.status) == (Act.DEFER, 451, "4.7.1")
    assert decision.text == "Greylisted, please try again in 180 seconds"
    assert (decision.page, decision.stage) == ("greylist", "greylist")
    early = memory.ask(NOW + 100.5).decision
    assert early.text == "Greylisted, please try again in 80 seconds"


def test_the_retry_passes_and_later_mail_at_once(memory: Memory) -> None:
    assert not memory.passes(NOW)
    assert not memory.passes(NOW + WAIT - 1)
    retried = memory.ask(NOW + WAIT)
    assert (retried.decision.passes, reason(retried)) == (True, "retried")
    assert reason(memory.ask(NOW + WAIT + 1)) == "known-sender"
    assert not memory.passes(NOW + 500, replace(FACTS, recipient="cora@example.test"))


def test_trying_early_does_not_begin_anew(memory: Memory) -> None:
    for second in range(0, WAIT, 10):
        assert not memory.passes(NOW + second)
    assert memory.passes(NOW + WAIT)


def test_a_pair_that_proved_itself_is_not_delayed_again(memory: Memory) -> None:
    people = [replace(FACTS, recipient=f"{name}@example.test") for name in ("b", "c", "d")]
    for n, facts in enumerate(people[:2]):
        assert not memory.passes(NOW + n * 3600, facts)
        assert memory.passes(NOW + n * 3600 + 300, facts)
    known = memory.ask(NOW + 3 * 3600, people[2])
    assert reason(known) == "known-pair"
    other = replace(people[2], sender="anna@other.test")
    assert not memory.passes(NOW + 3 * 3600, other), "the pair is of this sender domain only"
    elsewhere = replace(people[2], client="198.51.100.1")
    assert not memory.passes(NOW + 3 * 3600, elsewhere), "and of this network"


def test_one_message_to_many_proves_no_more_than_one(memory: Memory) -> None:
    crowd = [replace(FACTS, recipient=f"r{chr(97 + n)}@example.test") for n in range(10)]
    for facts in crowd:
        assert not memory.passes(NOW, facts)
    for facts in crowd:
        assert memory.passes(NOW + 300, facts)
    assert not memory.passes(NOW + 310, replace(FACTS, recipient="new@example.test"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"allowed": "list.dnswl.example"}, "allow-list"),
        ({"spf_domain": "sender.test", "domain": Standing.GOOD}, "good-domain"),
        ({"network": Standing.GOOD}, "good-network"),
        ({"wanted": False}, "greylist-off"),
    ],
)
def test_who_passes_at_once(memory: Memory, change: dict[str, object], why: str) -> None:
    verdict = memory.ask(NOW, replace(FACTS, **change))  # type: ignore[arg-type]
    assert (verdict.decision.passes, reason(verdict), verdict.writes) == (True, why, ())
    assert len(verdict.decision.reasons) == (why != "greylist-off")


def test_a_good_name_without_proof_is_worth_nothing(memory: Memory) -> None:
    assert not memory.passes(NOW, replace(FACTS, domain=Standing.GOOD))


def test_answers_to_our_users_pass(memory: Memory) -> None:
    memory.wrote(NOW, "bert@example.test", "anna@sender.test")
    assert reason(memory.ask(NOW + DAY)) == "answer"
    assert not memory.passes(NOW + DAY, replace(FACTS, sender="eva@sender.test"))
    assert not memory.passes(NOW + DAY, replace(FACTS, recipient="cora@example.test"))
    assert not memory.passes(NOW + 41 * DAY), "some weeks later it is no answer any more"


def test_reports_and_callouts_pass_for_a_week_after_our_user_wrote(memory: Memory) -> None:
    null = replace(FACTS, sender="")
    assert not memory.passes(NOW - DAY, replace(null, client="203.0.113.1"))
    memory.wrote(NOW, "bert@example.test", "whoever@else.test")
    assert reason(memory.ask(NOW + 6 * DAY, null)) == "answer"
    assert not memory.passes(NOW + 8 * DAY, null)
    assert memory.passes(NOW + 8 * DAY + WAIT, null), "a server that reports queues it"


def test_a_pool_is_known_by_spf(memory: Memory) -> None:
    """Retries of a large provider come from other networks, all authorized by its SPF record."""
    first = replace(FACTS, spf_domain="sender.test", spf_mechanism="include:pool.test")
    assert not memory.passes(NOW, first)
    assert memory.passes(NOW + 300, replace(first, client="198.51.100.77"))
    assert memory.passes(NOW + 400, replace(first, client="2001:db8::1"))
    assert not memory.passes(NOW + 500, replace(FACTS, client="203.0.113.5")), "but not a forger"


@pytest.mark.parametrize(
    "mechanism", ["all", "+all", "ip4:0.0.0.0/0", "+ip4:128.0.0.0/1", "a/0", "ip6:2000::/3"]
)
def test_an_spf_record_for_everybody_makes_no_pool(memory: Memory, mechanism: str) -> None:
    first = replace(FACTS, spf_domain="sender.test", spf_mechanism=mechanism)
    assert not memory.passes(NOW, first)
    assert not memory.passes(NOW + 300, replace(first, client="198.51.100.77"))
    assert memory.passes(NOW + 600, first)


@pytest.mark.parametrize("mechanism", ["ip4:192.0.0.0/8", "ip6:2001:db8::/32", "a", "mx/24", ""])
def test_other_mechanisms_do(memory: Memory, mechanism: str) -> None:
    first = replace(FACTS, spf_domain="sender.test", spf_mechanism=mechanism)
    assert not memory.passes(NOW, first)
    assert memory.passes(NOW + 300, replace(first, client="198.51.100.77"))


def test_a_pool_without_spf_is_known_by_its_names(memory: Memory) -> None:
    """Forwarded mail keeps a sender for whom the forwarder's hosts are not authorized."""
    first = replace(FACTS, ptr="mail-ab1.out.provider.test")
    again = replace(FACTS, client="198.51.100.3", ptr="mail-xy9.out.provider.test")
    assert not memory.passes(NOW, first)
    assert memory.passes(NOW + 300, again)
    stranger = replace(again, sender="eva@sender.test")
    for n in range(2):
        assert not memory.passes(NOW + 3600 * n, replace(stranger, recipient=f"{'abc'[n]}@x.test"))
        assert memory.passes(
            NOW + 3600 * n + 300, replace(stranger, recipient=f"{'abc'[n]}@x.test")
        )
    elsewhere = replace(first, client="203.0.113.9", sender="eva@sender.test", recipient="z@x.test")
    assert not memory.passes(NOW + 5 * 3600, elsewhere), "a name proves no pair"


@pytest.mark.parametrize(
    ("ptr", "pool"),
    [
        ("", ""),
        ("mail-1.out.provider.test", "out.provider.test"),
        ("Mail.Example.Test.", "example.test"),
        ("example.test", "example.test"),
        ("localhost", "localhost"),
    ],
)
def test_pool_names(ptr: str, pool: str) -> None:
    assert pool_name(ptr) == pool


def test_spf_that_could_not_be_had_once_costs_no_more_than_one_try(memory: Memory) -> None:
    passed = replace(FACTS, spf_domain="sender.test", spf_mechanism="mx")
    assert not memory.passes(NOW, FACTS)
    assert memory.passes(NOW + 300, passed)


def test_records_expire(memory: Memory) -> None:
    assert not memory.passes(NOW)
    assert not memory.passes(NOW + 37 * 3600), "a retry that comes so late is a first try"
    assert memory.passes(NOW + 37 * 3600 + WAIT)
    assert memory.passes(NOW + 37 * 3600 + 39 * DAY), "in use it lives on"
    assert memory.passes(NOW + 37 * 3600 + 78 * DAY)
    assert not memory.passes(NOW + 37 * 3600 + 119 * DAY)


def test_a_clock_that_was_wrong_costs_one_wait(memory: Memory) -> None:
    assert not memory.passes(NOW + 1000 * DAY)
    assert memory.ask(NOW).decision.text == "Greylisted, please try again in 180 seconds"
    assert memory.passes(NOW + WAIT)


def test_records_of_an_origin_lie_together() -> None:
    first, after = origin_range("192.0.2.0/24")
    assert all(first <= key < after for key in keys(FACTS).triplets)
    assert all(0 <= key < 1 << 63 for key in keys(FACTS).all)
    other = keys(replace(FACTS, client="192.0.3.1")).triplets[0]
    assert not first <= other < after


# -- properties ------------------------------------------------------------------------------------

CLIENTS = st.sampled_from(["192.0.2.1", "192.0.2.9", "198.51.100.1", "2001:db8::5"])
SENDERS = st.sampled_from(["", "anna@sender.test", "list-1-x@sender.test", "eva@other.test"])
SPF = st.sampled_from([("", ""), ("sender.test", "mx"), ("sender.test", "all")])
FACTS_ANY = st.builds(
    lambda client, sender, recipient, spf, ptr: Facts(
        client, sender, recipient, spf[0], spf[1], ptr
    ),
    CLIENTS,
    SENDERS,
    st.sampled_from(["bert@example.test", "cora@example.test"]),
    SPF,
    st.sampled_from(["", "a.pool.test", "b.pool.test"]),
)


@effort(deadline=None, max_examples=200)
@given(
    wait=st.integers(10, 3600),
    gaps=st.lists(st.floats(1800, 4 * 3600), min_size=2, max_size=2),
    hosts=st.lists(CLIENTS, min_size=3, max_size=3),
    pooled=st.booleans(),
)
def test_who_retries_by_the_standard_gets_through_by_the_third_try(
    wait: int, gaps: list[float], hosts: list[str], pooled: bool
) -> None:
    """RFC 5321 §4.5.4.1: tries are half an hour apart at least. With a wait of no more than that
    the second passes; from one host, or from any of a pool that SPF authorizes."""
    memory = Memory(replace(SETTINGS, wait=wait))
    spf = {"spf_domain": "sender.test", "spf_mechanism": "include:x"} if pooled else {}
    now = NOW
    tries: list[bool] = []
    for n, gap in enumerate([0.0, *gaps]):
        now += gap
        facts = replace(FACTS, client=hosts[n] if pooled else hosts[0], **spf)  # type: ignore[arg-type]
        tries.append(memory.passes(now, facts))
    assert not tries[0]
    assert tries[1] or wait > 1800
    assert tries[2]


@effort(deadline=None, max_examples=200)
@given(steps=st.lists(st.tuples(st.floats(0, 2000), FACTS_ANY), max_size=25))
def test_nobody_passes_before_the_wait_without_a_reason(
    steps: Sequence[tuple[float, Facts]],
) -> None:
    """Whatever comes: what passes was tried a wait ago (by its sender to its recipient, or by its
    sender domain to somebody), and what is told to wait passes when it does."""
    memory = Memory()
    now = NOW
    tries: list[tuple[float, Facts]] = []
    for gap, facts in steps:
        now += gap
        verdict = memory.ask(now, facts)
        assert verdict.decision.passes == (verdict.waits == 0)
        if verdict.decision.passes:
            assert reason(verdict) in ("retried", "known-sender", "known-pair")
            domain = facts.sender.rpartition("@")[2]
            assert any(
                now - at >= WAIT and other.sender.rpartition("@")[2] == domain
                for at, other in tries
            )
        else:
            assert 1 <= verdict.waits <= WAIT
            patient = Memory()
            patient.records = dict(memory.records)
            assert patient.passes(now + verdict.waits, facts)
        tries.append((now, facts))


@given(FACTS_ANY, st.floats(0, 1e9), st.integers(0, 3))
def test_live_records_are_neither_from_the_future_nor_old(
    facts: Facts, age: float, passes: int
) -> None:
    assert not is_live(Sighting(NOW + 1000, NOW + 1000, passes), NOW, SETTINGS)
    seen = Sighting(NOW - age, NOW - age, passes)
    limit = SETTINGS.keep if passes else SETTINGS.retry_within
    assert is_live(seen, NOW, SETTINGS) == (NOW - seen.since < limit)

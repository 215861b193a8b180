"""Who is banned, for how long, and in what words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.door import Ban, Evidence, Offence, Scope, Tally
from alphorn.policy.bans import Settings, because, counted, covers, judge, refusal
from alphorn.policy.decision import Act

NOW = 1_700_000_000.0
HOUR = 3600
SETTINGS = Settings()
NOTHING = Tally(at=NOW)


def evidence(offence: Offence = Offence.DICTIONARY, level: float = 50) -> Evidence:
    return Evidence(offence, int(level), NOW - 100, NOW, level, "nobody@example.test")


def test_the_last_offence_that_is_borne_and_the_first_that_is_not() -> None:
    assert judge("192.0.2.1", evidence(level=49), NOTHING, None, NOW, SETTINGS) is None
    ban = judge("192.0.2.1", evidence(level=49.5), NOTHING, None, NOW, SETTINGS)
    assert ban == Ban(
        "192.0.2.1", NOW, NOW + HOUR, Offence.DICTIONARY, Scope.MX, 1, (evidence(level=49.5),)
    )


def test_bans_double_up_to_the_longest_and_start_small_again_after_a_while() -> None:
    now, before, lengths = NOW, None, []
    for _ in range(12):
        ban = judge("192.0.2.1", evidence(), NOTHING, before, now, SETTINGS)
        assert ban is not None
        lengths.append(ban.until - ban.since)
        before, now = ban, ban.until + HOUR
    assert lengths[:8] == [HOUR * 2**n for n in range(8)]
    assert lengths[-1] == SETTINGS.longest
    assert before is not None
    later = judge(
        "192.0.2.1", evidence(), NOTHING, before, before.until + SETTINGS.memory, SETTINGS
    )
    assert later is not None
    assert (later.times, later.until - later.since) == (1, HOUR)


def test_who_is_banned_is_not_banned_again_meanwhile() -> None:
    before = judge("192.0.2.1", evidence(), NOTHING, None, NOW, SETTINGS)
    assert judge("192.0.2.1", evidence(), NOTHING, before, NOW + 10, SETTINGS) is None


@pytest.mark.parametrize("offence", [Offence.DICTIONARY, Offence.SPAM])
def test_networks_with_mostly_good_mail_are_spared(offence: Offence) -> None:
    mostly = Tally(good=1000, spam=60, unknown=50, at=NOW)
    assert judge("192.0.2.1", evidence(offence), mostly, None, NOW, SETTINGS) is None
    hardly = Tally(good=100, spam=60, at=NOW)
    assert judge("192.0.2.1", evidence(offence), hardly, None, NOW, SETTINGS) is not None


def test_good_mail_excuses_no_guessed_passwords() -> None:
    good = Tally(good=1000, at=NOW)
    ban = judge("192.0.2.1", evidence(Offence.LOGINS, 100), good, None, NOW, SETTINGS)
    assert ban is not None
    assert ban.scope is Scope.LOGINS
    assert covers(ban, Scope.LOGINS)
    assert not covers(ban, Scope.MX), "mail from there is none of it"


def test_nobody_is_banned_where_that_is_off_or_has_no_limit() -> None:
    off = replace(SETTINGS, enabled=False)
    assert judge("192.0.2.1", evidence(), NOTHING, None, NOW, off) is None
    without = replace(SETTINGS, limits={})
    assert judge("192.0.2.1", evidence(), NOTHING, None, NOW, without) is None


def test_the_exact_words() -> None:
    ban = judge("192.0.2.1", evidence(), NOTHING, None, NOW, SETTINGS)
    assert ban is not None
    decision = refusal(ban, "192.0.2.1")
    assert (decision.act, decision.basic, decision.status) == (Act.DEFER, 421, "4.7.0")
    assert decision.text == (
        "192.0.2.1 is banned until 2023-11-14 23:13 UTC because mail from it was addressed to "
        "many mailboxes that do not exist here"
    )


@pytest.mark.parametrize(
    ("offence", "days", "basic"),
    [
        (Offence.OPERATOR, 5, 554),
        (Offence.OPERATOR, 4.9, 421),
        (Offence.SPAM, 7, 421),
        (Offence.EARLY, 0.1, 421),
    ],
)
def test_only_an_operator_shuts_out_for_good(offence: Offence, days: float, basic: int) -> None:
    """Others may be behind the address; their mail waits."""
    ban = Ban("192.0.2.1", NOW, NOW + days * 86400, offence)
    decision = refusal(ban, "192.0.2.1")
    assert (decision.basic, decision.status[0]) == (basic, str(basic)[0])


@given(st.sampled_from(Offence), st.text())
def test_words_for_anybody_name_nobody(offence: Offence, sample: str) -> None:
    one = replace(evidence(offence), sample="secret@example.test" + sample)
    assert "secret" not in counted(one)
    assert because(offence)

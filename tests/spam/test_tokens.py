"""Tokens are the same for the same message, whatever is known of it and however it came."""

from alphorn.spam.tokens import GROUPS, MAX_TOKENS, SENDER, tokens
from alphorn.spam.values import SpamFacts
from tests.spam.mail import html, message, seen


def test_facts_do_not_change_them() -> None:
    known = SpamFacts(
        spf="pass", dmarc="pass", aligned=True, known_correspondent=True, lists=("a", "b"),
        reverse="mx.friend.test", helo="mx.friend.test", sender="beat@friend.test",
    )  # fmt: skip
    assert tokens(seen(message())) == tokens(seen(message(), known))


def test_what_receiving_hosts_write_does_not_change_them() -> None:
    trace = (
        b"Return-Path: <x@y.test>\r\nReceived: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
        b"Authentication-Results: here.test; spf=pass\r\nX-Spam-Status: Yes\r\n"
    )
    assert tokens(seen(trace + message())) == tokens(seen(message()))


def test_they_are_different_integers_of_32_bits() -> None:
    found = tokens(seen(html('one two three <a href="http://a.test/x">four</a>')))
    assert len(set(found)) == len(found)
    assert all(0 <= key < 2**32 for key in found)


def test_the_first_say_who_sent_it() -> None:
    one = tokens(seen(message("one two three", subject="four")))[:SENDER]
    other = tokens(seen(message("five six seven", subject="eight")))[:SENDER]
    assert one == other
    assert one != tokens(seen(message(sender="x@other.test")))[:SENDER]


def test_they_are_bounded() -> None:
    text = " ".join(f"word{n}" for n in range(20_000))
    assert len(tokens(seen(message(text)))) == MAX_TOKENS


def test_order_of_words_matters_only_for_pairs() -> None:
    one = set(tokens(seen(message("alpha beta gamma"))))
    other = set(tokens(seen(message("gamma beta alpha"))))
    assert one != other
    assert len(one ^ other) == 4  # two pairs on each side


def test_words_of_scripts_without_spaces_are_told_apart() -> None:
    one = set(tokens(seen(message("漢字仮名"))))
    other = set(tokens(seen(message("名仮字漢"))))
    assert len(one & other) > 4
    assert one != other


def test_hidden_words_are_other_tokens_than_shown_ones() -> None:
    shown = set(tokens(seen(html("<p>lovely poems"))))
    hidden = set(tokens(seen(html('<p style="display:none">lovely poems</p>'))))
    assert not (shown & hidden) & (shown - set(tokens(seen(html("")))))


def test_a_message_without_anything_has_a_few() -> None:
    assert 0 < len(tokens(seen(b""))) < 30


def test_replaced_facts_alone_leave_an_observation_equal() -> None:
    found = seen(message())
    assert found._replace(facts=SpamFacts(spf="fail")).text == found.text


def test_they_stand_in_groups_that_cover_them_all() -> None:
    for raw in (
        message(),
        message("", subject="", sender="x"),
        html('one two <a href="http://a.test/x">THREE</a> 1,000 $ <b style="color:red">x</b>'),
        message(" ".join(f"word{n}" for n in range(20_000))),
    ):
        found = tokens(seen(raw))
        assert len(found.ends) == GROUPS
        assert list(found.ends) == sorted(found.ends)
        assert found.ends[-1] == len(found)
        assert found.ends[0] >= min(SENDER, len(found))


def test_a_group_holds_what_it_is_named_for() -> None:
    one = tokens(seen(message("same words", subject="red")))
    other = tokens(seen(message("same words", subject="blue green")))
    assert one[: one.ends[0]] == other[: other.ends[0]]
    assert one[one.ends[0] : one.ends[1]] != other[other.ends[0] : other.ends[1]]
    assert one[one.ends[1] :] == other[other.ends[1] :]


def test_the_first_token_of_a_group_says_that_there_is_one() -> None:
    one = tokens(seen(html('<b style="color:red">one</b> two')))
    other = tokens(seen(html('<p style="width:9%">three</p> four five')))
    looks = slice(one.ends[6], one.ends[7]), slice(other.ends[6], other.ends[7])
    assert one[looks[0]][0] == other[looks[1]][0]
    assert set(one[looks[0]][1:]).isdisjoint(other[looks[1]][1:])
    plain = tokens(seen(message()))
    assert plain.ends[6] == plain.ends[7]


def test_how_a_program_spells_is_told_apart_from_what_it_means() -> None:
    """The boundary differs from message to message and says nothing."""
    kinds = (
        'multipart/mixed; boundary="a"', "multipart/mixed; boundary=b",
        'Multipart/Mixed; boundary="a"',
    )  # fmt: skip
    one, same, other = (tokens(seen(message("--a--", kind=kind))) for kind in kinds)
    assert one[one.ends[3] : one.ends[4]] == same[same.ends[3] : same.ends[4]]
    assert one[one.ends[3] : one.ends[4]] != other[other.ends[3] : other.ends[4]]

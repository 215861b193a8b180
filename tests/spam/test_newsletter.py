"""What is built like a newsletter is doubted less to be wanted, and only as far as words spoke."""

import pytest

from alphorn.spam import newsletter, table
from alphorn.spam.newsletter import leads_home, resemblance
from alphorn.spam.score import judge
from alphorn.spam.table import Table
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from tests.spam.mail import html, message, seen

SHOP = "Shop <news@mail.shop.test>"
LETTER = "great offer only this week buy now while stocks last click here for more " * 3
LEAVE = '<a href="https://www.shop.test/leave">unsubscribe</a> <a href="https://x.test">privacy</a>'


@pytest.mark.parametrize(
    ("sender", "link", "home"),
    [
        (SHOP, "https://www.shop.test/a", True),
        (SHOP, "https://shop.example/a", True),
        (SHOP, "https://shop.test.evil.example/a", False),
        (SHOP, "https://other.test/a", False),
        (SHOP, "mailto:leave@shop.test", False),
        ("anybody@gmail.com", "https://www.gmail.com/a", False),
        ("nobody", "https://www.shop.test/a", False),
    ],
)
def test_what_leads_to_the_senders_own_site(sender: str, link: str, home: bool) -> None:
    assert leads_home(seen(html(f'<a href="{link}">see</a>', sender=sender))) is home


def test_each_sign_counts() -> None:
    assert resemblance(seen(message())) == 0
    found = resemblance(seen(html(LETTER + LEAVE + '<img src="https://shop.test/i">', sender=SHOP)))
    named = newsletter.OWN_SITE + newsletter.OWN_NAME
    assert found == named + newsletter.UNSUBSCRIBE + newsletter.PRIVACY
    pictures = "".join(f'<img src="https://shop.test/{n}">' for n in range(4))
    assert resemblance(seen(html(pictures))) == newsletter.PICTURES
    part = "--b\nContent-Type: text/{}\n\nhello\n"
    both = part.format("plain") + part.format("html") + "--b--"
    assert (
        resemblance(seen(message(both, kind='multipart/alternative; boundary="b"')))
        == newsletter.BOTH_FORMS
    )


def test_many_pages_are_different_ones() -> None:
    links = [f'<a href="https://x.test/{n}">see</a>' for n in range(newsletter.MANY_PAGES)]
    assert resemblance(seen(html("".join(links)))) == newsletter.PAGES
    assert resemblance(seen(html(links[0] * newsletter.MANY_PAGES))) == 0


def test_the_senders_name_is_that_of_his_site() -> None:
    found = resemblance(seen(html("hello", sender="The Big Shop <news@bigshop.test>")))
    assert found == newsletter.OWN_NAME
    assert resemblance(seen(html("hello", sender="Ox <news@ox.test>"))) == 0


def test_who_writes_from_a_free_mailbox_gains_nothing() -> None:
    assert resemblance(seen(html(LETTER + LEAVE, sender="Shop <shop@gmail.com>"))) == 0


def test_whoever_was_checked_and_is_not_proved_gains_nothing() -> None:
    letter = html(LETTER + LEAVE, sender=SHOP)
    assert resemblance(seen(letter, SpamFacts(spf="softfail"))) == 0
    assert resemblance(seen(letter, SpamFacts(spf="none", dmarc="none"))) == 0
    proved = SpamFacts(dkim=("shop.test",), aligned=True)
    assert resemblance(seen(letter, proved)) == resemblance(seen(letter)) > 0


def taught() -> Table:
    """Spam with the words of a shop's letter, some of it, and other mail without."""
    counts = Table.create(bytearray(table.size(12)), 12)
    for n in range(40):
        counts.learn(tokens(seen(html(f"{LETTER} cheap{n} pills", sender=f"a@s{n}.test"))), True)
        talk = f"shall we meet about plan{n} tomorrow or the day after and tell the others"
        counts.learn(tokens(seen(message(talk, subject=f"plan{n}"))), False)
    return counts


def test_it_lessens_what_was_learned_and_nothing_else() -> None:
    counts = taught()
    plain = seen(html(LETTER, sender=SHOP))
    letter = seen(html(LETTER + LEAVE, sender=SHOP))
    before, after = judge(plain, counts), judge(letter, counts)
    assert "like-newsletter" not in {one.code for one in before.reasons}
    lessened = {one.code: one.score for one in after.reasons}
    assert lessened["like-newsletter"] < 0 <= lessened["like-spam"] + lessened["like-newsletter"]
    assert after.score < before.score
    listed = seen(html(LETTER + LEAVE, sender=SHOP), SpamFacts(lists=("a", "b"), dmarc="fail"))
    assert judge(listed, counts).is_spam
    assert "like-newsletter" not in {one.code for one in judge(listed).reasons}


def test_it_never_turns_evidence_for_spam_into_some_against(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(newsletter, "OWN_SITE", 1000.0)
    found = judge(seen(html(LETTER + LEAVE, sender=SHOP)), taught())
    assert sum(one.score for one in found.reasons if one.code.startswith("like-")) == 0

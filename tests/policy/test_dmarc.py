"""What DMARC decides, and whom it believes instead."""

import pytest

from alphorn.mailauth.arc.validate import ArcResult
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.results import Authentication
from alphorn.policy import dmarc
from alphorn.policy.decision import Act

AUTHOR, FORWARDER, OTHER = "bank.example", "lists.example", "other.example"
TRUSTED = frozenset((FORWARDER, OTHER))
GENUINE = f"mx.{FORWARDER}; dmarc=pass (p=reject) header.from={AUTHOR}; spf=pass smtp.mailfrom=x"


def found(outcome: Outcome = Outcome.FAIL, policy: str = "reject") -> DmarcResult:
    return DmarcResult(outcome, policy, AUTHOR, "", "a reason", AUTHOR, published=policy)


def forwarded(results: str, *sealers: str, outcome: Outcome = Outcome.PASS) -> Authentication:
    return Authentication(dmarc=found(), arc=ArcResult(outcome, sealers or (FORWARDER,), results))


@pytest.mark.parametrize(
    ("result", "act"),
    [
        (found(Outcome.FAIL, "reject"), Act.REFUSE),
        (found(Outcome.FAIL, "quarantine"), Act.PASS),
        (found(Outcome.FAIL, "none"), Act.PASS),
        (found(Outcome.TEMPERROR, "reject"), Act.DEFER),
        (found(Outcome.TEMPERROR, "quarantine"), Act.DEFER),
    ],
)
def test_the_authors_domain_decides(result: DmarcResult, act: Act) -> None:
    decided = dmarc.check(Authentication(dmarc=result), frozenset())
    assert decided is not None
    assert decided.act is act
    quarantined = any(reason.code == dmarc.QUARANTINE for reason in decided.reasons)
    assert quarantined is (result.outcome is Outcome.FAIL and result.policy == "quarantine")


@pytest.mark.parametrize(
    "auth",
    [
        Authentication(),
        Authentication(dmarc=found(Outcome.PASS)),
        Authentication(dmarc=found(Outcome.NONE, "")),
        Authentication(dmarc=found(Outcome.TEMPERROR, "none")),
    ],
)
def test_nothing_to_say(auth: Authentication) -> None:
    assert dmarc.check(auth, TRUSTED) is None


def test_a_trusted_forwarder_is_believed() -> None:
    decided = dmarc.check(forwarded(GENUINE), TRUSTED)
    assert decided is not None
    assert decided.passes
    assert [reason.code for reason in decided.reasons] == ["arc"]
    assert FORWARDER in decided.reasons[0].text
    assert dmarc.believed(forwarded(GENUINE, OTHER, FORWARDER), TRUSTED) == FORWARDER


@pytest.mark.parametrize(
    "auth",
    [
        forwarded(GENUINE, "evil.example"),
        forwarded(GENUINE, FORWARDER, "evil.example"),
        forwarded(GENUINE, outcome=Outcome.FAIL),
        forwarded(GENUINE.replace(AUTHOR, "evil.example")),
        forwarded(GENUINE.replace("dmarc=pass", "dmarc=fail")),
        forwarded(f"mx; dmarc=pass; spf=pass smtp.mailfrom={AUTHOR}"),
        # What the stranger called himself, as a forwarder may have written it down.
        forwarded(f'mx; dmarc=fail header.from={AUTHOR}; spf=pass smtp.mailfrom="dmarc=pass"'),
        forwarded(f'mx; spf=pass smtp.mailfrom="; dmarc=pass header.from={AUTHOR};"@evil.example'),
        forwarded(f"mx; spf=pass (; dmarc=pass header.from={AUTHOR})"),
        forwarded(f"mx; dmarc=fail header.from={AUTHOR}; dmarc=pass header.from={AUTHOR}"),
        forwarded(""),
    ],
)
def test_nobody_else_is_believed(auth: Authentication) -> None:
    assert dmarc.believed(auth, TRUSTED) == ""
    decided = dmarc.check(auth, TRUSTED)
    assert decided is not None
    assert decided.act is Act.REFUSE

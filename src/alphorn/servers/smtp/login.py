"""Who is it? (AUTH)

The quick ways (device passwords, passwords seen before, SCRAM) are gone on the event loop; a slow
hash runs in a thread. Which of address and password was wrong is never said.
"""

from asyncio import Future
from collections.abc import Callable

from alphorn.base.errors import AlphornError, Unavailable
from alphorn.directory.values import AccountInfo, LoginProtocol
from alphorn.operations.authenticate import AuthFailed
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.sasl.steps import CheckPassword, Failure, FailureKind, FindScram, Success
from alphorn.wire.smtp.events import Login
from alphorn.wire.smtp.replies import Reply

FAULT = Reply("4.7.0", "Something went wrong here; try again later", page="login")
PROTOCOL = LoginProtocol.SMTP.value


def step(visit: Visit, login: Login) -> "Future[AccountInfo] | None":
    """Take this step of a login and answer the machine; or give the work that will tell, whose
    result goes to `ended`. Raises AlphornError."""
    authenticator, peer = visit.service.authenticator, visit.io.peer.address
    match login.step:
        case CheckPassword(identity, password):
            account = authenticator.password_fast(identity, password, PROTOCOL, peer)
            if account is None:
                return visit.io.run_long(authenticator.password, identity, password, PROTOCOL, peer)
            _welcome(visit, account)
        case FindScram(username):
            found = visit.scram = authenticator.scram(username, PROTOCOL, peer)
            visit.machine.found(found.salt, found.iterations, found.keys)
        case Success(_, credential):
            assert visit.scram is not None
            account = authenticator.scram_succeeded(visit.scram, credential, PROTOCOL, peer)
            _welcome(visit, account)
        case Failure(kind):
            if kind is FailureKind.CREDENTIALS and visit.scram is not None:
                authenticator.scram_failed(visit.scram, PROTOCOL, peer)
            visit.scram = None
    return None


def ended(visit: Visit, result: Callable[[], AccountInfo]) -> None:
    """The slow work is done; `result` gives the account or raises AlphornError."""
    try:
        account = result()
    except AlphornError as error:
        visit.machine.reply(refusal(error))
    else:
        _welcome(visit, account)


def refusal(error: AlphornError) -> Reply:
    """What the client is told (RFC 4954 §6)."""
    if isinstance(error, AuthFailed):
        return Reply("5.7.8", error.text)
    if isinstance(error, Unavailable):
        return Reply("4.7.0", error.text, page="login")
    return Reply("5.7.0", error.text, 535)


def _welcome(visit: Visit, account: AccountInfo) -> None:
    visit.logged_in(account)
    visit.machine.logged_in(account.address)

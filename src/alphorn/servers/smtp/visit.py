"""What is known of a connection, and of the message that is under way in it."""

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alphorn.base.errors import AlphornError
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo, Route
from alphorn.message.envelope import EnvelopeRecipient
from alphorn.message.received import Hop
from alphorn.operations.authenticate import ScramCredentials
from alphorn.operations.examine import Examination
from alphorn.servers.connection import IO
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.replies import Reply

if TYPE_CHECKING:
    from alphorn.servers.smtp.service import SmtpService

MAX_TRACED = 20
"""Recipients of a refused message who each get a line in the trace."""
MAX_REASONS = 500

Facts = dict[str, str | int | float | bool | None]


_count = itertools.count()


def new_transaction(now: float) -> str:
    """A name for a message: 20 letters and digits, in order of time, never given twice here."""
    milliseconds = int(now * 1000) & 0xFFFFFFFFFFFF
    return f"{milliseconds:012X}{os.getpid() & 0xFFFF:04X}{next(_count) & 0xFFFF:04X}"


class Visit:
    """`account` is whoever is logged in. From MAIL on, `transaction` names the message, `sender` is
    its envelope's and `size` what was declared of it (0: nothing), `recipients` counts those asked
    for. On the MX port: `routes` has where each accepted one leads, `guards` what they agree on,
    `inquiry` asks the DNS, `guest` is the client as far as its manners go, and `decided` what
    spoke against the last recipient that was refused. `gateway` is the name of the secured one that
    is at the other end, `gateway_fault` why that cannot be known; both are "" for strangers."""

    __slots__ = (
        "account",
        "decided",
        "gateway",
        "gateway_fault",
        "guards",
        "guest",
        "inquiry",
        "io",
        "machine",
        "recipients",
        "routes",
        "scram",
        "sender",
        "service",
        "size",
        "tls",
        "transaction",
    )

    def __init__(self, service: "SmtpService", io: IO, machine: Machine) -> None:
        self.service = service
        self.io = io
        self.machine = machine
        self.account: AccountInfo | None = None
        self.scram: ScramCredentials | None = None
        self.tls = ""
        self.gateway = ""
        self.gateway_fault = ""
        self.transaction = ""
        self.sender = ""
        self.size = 0
        self.recipients = 0
        self.routes: list[Route] = []
        self.guards: tuple[bool, ...] = ()
        self.decided: Facts = {}
        gate = service.gate
        self.guest = gate.guest(io.peer.address) if gate is not None else None
        self.inquiry = gate.inquiry(io.peer.address) if gate is not None else None

    def begin(self, sender: str, size: int) -> None:
        """A new message; `size` as declared, 0 for unknown."""
        self.transaction = new_transaction(self.service.clock())
        self.sender = sender
        self.size = size
        self.recipients = 0
        self.routes = []
        self.guards = ()
        if self.inquiry is not None:
            self.inquiry.begin()
        if self.guest is not None:
            self.guest.begins(sender)

    def logged_in(self, account: AccountInfo) -> None:
        self.account = account
        self.scram = None

    def secured(self) -> None:
        """TLS is there now: remember its version and cipher for the Received field, and whether it
        is a gateway that has proved itself."""
        session = self.io.tls_info()
        cipher = session.cipher() if session is not None else None
        if session is not None and cipher is not None:
            self.tls = f"{session.version()} {cipher[0]}"
        if self.service.gateways is not None:
            try:
                self.gateway = self.service.gateways.recognized(self.io.peer.address, session)
            except AlphornError as error:
                self.gateway_fault = error.text

    def hop(self, recipient: str = "", private: bool = False) -> Hop:
        """For our Received field. `private` leaves out where the client is: our users' addresses
        are nobody's business but ours."""
        machine = self.machine
        return Hop(
            host=self.service.profile.hostname,
            protocol=machine.protocol,
            transaction=self.transaction,
            helo="" if private else machine.helo,
            peer="" if private else self.io.peer.address,
            tls=self.tls,
            recipient=recipient,
        )

    def facts(self) -> Facts:
        """Who is at the other end, for the trace."""
        facts: Facts = {
            "peer": self.io.peer.address,
            "helo": self.machine.helo,
            "protocol": self.machine.protocol,
        }
        if self.account is not None:
            facts["account"] = self.account.address
        if self.gateway:
            facts["gateway"] = self.gateway
        return facts

    def refused_message(
        self, seen: Examination, reply: Reply, recipients: Sequence[EnvelopeRecipient]
    ) -> None:
        """Leave a trace of a message that was refused once it was there, for each recipient."""
        decision = seen.decision
        reasons = " ".join(reason.text for reason in decision.reasons)[:MAX_REASONS]
        more = {**seen.facts, **decision.facts}
        if reasons:
            more["reasons"] = reasons
        for recipient, route in zip(recipients[:MAX_TRACED], self.routes, strict=False):
            account = route.account
            self.refused(
                decision.stage,
                reply,
                recipient.address,
                more=more,
                concerns=account.id if account is not None else None,
            )

    def refused(
        self,
        stage: str,
        reply: Reply,
        recipient: str = "",
        argument: str = "",
        more: Mapping[str, str | int | float | bool | None] | None = None,
        concerns: int | None = None,
    ) -> None:
        """Leave a trace of a refusal; `argument` is what was wrong with the command, `more` what
        decided, `concerns` the account that may see it, where it is not the one logged in."""
        account = self.account
        facts = {
            **self.facts(), "code": reply.code, "status": reply.status, **self.decided,
            **(more or {}),
        }  # fmt: skip
        self.decided = {}
        if argument:
            facts["argument"] = argument
        self.service.trace(
            TraceEvent(
                time=self.service.clock(),
                transaction=self.transaction,
                stage=stage,
                verdict=Verdict.DEFERRED if reply.passing else Verdict.REFUSED,
                text=reply.text,
                sender=self.sender,
                recipient=recipient,
                account_id=account.id if account is not None else concerns,
                # Of whom it concerns here: the one who sends, else the one who is written to.
                domain=(account.address if account else recipient).rpartition("@")[2],
                facts=facts,
            )
        )

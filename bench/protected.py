"""Deliveries with all guards on, from a correspondent whom the server knows: both servers examine
each message, and what they write on top of it is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import corpora, measures, names, strangers
from bench.measures import Row
from bench.peers import base
from bench.peers.protected import Protected, examined

OCTETS = 10_240


class Bench(measures.Bench):
    def protected(self) -> Iterator[Row]:
        """Unsigned and signed, over new and kept connections."""
        # The other is slower by far: it gets fewer, and rates are compared.
        count = self.sizes.protected // (1 if isinstance(self.server, Protected) else 4)
        clients = [self.client(n) for n in range(1, base.USERS + 1)]
        key = strangers.key(self.work)
        for label, signer in (("unsigned", None), ("signed", key)):
            path = self.server.state / f"strangers-{label}"
            corpus = corpora.write(path, strangers.mail(count, OCTETS, signer))
            for how in ("new", "keep"):
                name = f"guarded, {label}, {'new' if how == 'new' else 'kept'} connections"
                run = self.delivered(
                    clients, count, corpus, how, HELO=names.HELO, SENDER=names.SENDER
                )
                yield name, run.rate, "msg/s"
                yield f"{name}: processor", run.processor, "ms/msg"
            client = self.client(base.USERS)
            client.command("EXAMINE INBOX")
            if lacking := examined(client.command("FETCH * BODY.PEEK[HEADER]"), bool(signer)):
                raise RuntimeError(f"a {label} message came in without {lacking}")
            client.close()
        for client in clients:
            client.close()


MEASURES = ("protected",)

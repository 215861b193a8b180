"""SASL server cores without I/O (RFC 4422), shared by every protocol that logs people in.

A server starts an exchange with `mechanisms.begin` and acts on `exchange.step` until it is an end:

    Challenge(data)            send it, then `exchange.respond(client's answer)`
    FindScram(username)        look it up, then `exchange.found(salt, iterations, keys)`
    CheckPassword(identity, …) the end: the caller checks the password and says yes or no
    Success(identity, …)       the end: the proof is right
    Failure(kind, text, …)     the end

Base64, line lengths and the `*` that cancels belong to the protocol around it; `base64` here reads
what SMTP and IMAP share of that.
"""

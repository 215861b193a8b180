"""SMTP sessions: the protocol of `wire.smtp` joined to what the service decides.

    service    what the sessions of a listener share
    session    one connection: events to stages, their replies to the client
    visit      what is known of a connection and its message
    accept     may this sender begin a message?            MAIL
    rcpt       is this recipient one we take mail for?     RCPT
    data       what becomes of the message?                DATA, BDAT
    login      who is it?                                  AUTH

A role (MX, submission) is one stage of each kind. A stage gives a Reply, or raises an AlphornError
that becomes one; whatever it refuses leaves a trace event.
"""

"""Other engines that messages are shown to, each in a process of its own: Rspamd and ClamAV.

    line      one connection, on a socket that the event loop watches
    http      HTTP/1.1 as a client, with bounds (`http_reply` reads what comes back)
    rspamd    Rspamd's protocol: examine, learn (`rspamd_answer` reads the verdict)
    clamav    clamd's protocol: examine
    engines   both together, as the settings say; what their answers mean is in `policy.engines`
    breaker   leaves alone for a while what hangs
    teacher   tells Rspamd what people say of their mail
    settings  makes them from the settings

Everything they say is bounded in octets and in time. An engine that does not answer as it should is
an `EngineFailure`, and only `engines` decides what that means for a message.
"""

"""SPF (RFC 7208): may this client send mail of this domain, as its owner publishes it?"""

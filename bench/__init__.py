"""Measures Alphorn beside Postfix and Dovecot; `python -m bench --help`."""

"""How an account has been sending and logging in, as counted at one moment."""

from dataclasses import dataclass

from alphorn.base.country import Country


@dataclass(frozen=True, slots=True)
class History:
    """Counts of one account.

    In the last hour: `strangers` are recipients elsewhere that it had never written to before,
    whether or not the mail was taken; `networks` and
    `countries` those it logged in from for the first time, the countries in their order; `spam`
    different messages that looked like spam; `refused` different addresses of ours that do not
    exist. `usual_strangers` and `usual_spam` are the most of an hour in the weeks before, without
    the last day and without hours in which it was slowed down. Of the last recipients that were
    settled (some hundred, older ones count less and less) `settled` is how many, `bounced` how many
    of them for good; both are weights as they stand now. `slow_hours` are the hours of the last day
    in which it was slowed down.
    """

    strangers: int = 0
    usual_strangers: int = 0
    networks: int = 0
    spam: int = 0
    usual_spam: int = 0
    refused: int = 0
    settled: float = 0.0
    bounced: float = 0.0
    slow_hours: int = 0
    countries: tuple[Country, ...] = ()


NOTHING = History()

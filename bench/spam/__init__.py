"""How well and how fast unwanted mail is told, beside other filters: `python -m bench.spam`."""

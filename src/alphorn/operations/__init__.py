"""One function for each act; the command line, the web and the protocols all call these."""

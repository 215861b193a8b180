"""Values, errors and tables that every room shares. No I/O, no framework."""

"""What FETCH answers with: a plan for each list of items, made once and run over many messages."""

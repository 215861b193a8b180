"""The servers that are measured, each started afresh on an empty folder for each round."""

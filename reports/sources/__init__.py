"""Where the numbers of a report come from."""

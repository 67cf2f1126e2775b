"""Effects of several districts together."""

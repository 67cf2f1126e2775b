"""One series over time, and what it would have been."""

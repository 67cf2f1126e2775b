"""Main points: drafted by rules, edited by people."""

"""From a fitted comparison to an interval that the design can bear."""

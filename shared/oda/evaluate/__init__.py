"""Estimators: data in, frozen result out. They read no file and draw no picture."""

from oda.evaluate.differences import Comparison, difference_in_differences
from oda.evaluate.estimate import Estimate
from oda.evaluate.precision import minimum_detectable_effect
from oda.evaluate.rates import crude_rate, rate_change
from oda.evaluate.words import sentence

__all__ = [
    "Comparison",
    "Estimate",
    "crude_rate",
    "difference_in_differences",
    "minimum_detectable_effect",
    "rate_change",
    "sentence",
]

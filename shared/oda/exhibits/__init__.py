"""Results of `oda.evaluate` as tables and pictures: one function of each kind a result, by topic."""

from oda.exhibits.rates import plot_rates, rates_table, say_rate

__all__ = ["plot_rates", "rates_table", "say_rate"]

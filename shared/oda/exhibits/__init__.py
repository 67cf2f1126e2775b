"""Results of `oda.evaluate` as tables and pictures: one function of each kind a result, by topic."""

from oda.exhibits.balance import (
    comparability_table,
    plot_comparability,
    plot_propensity_weights,
    plot_weighted_effect,
    propensity_weights_table,
    weighted_effect_table,
)
from oda.exhibits.funnel import funnel_table, plot_funnel
from oda.exhibits.multiple import (
    adjusted_p_values_table,
    plot_adjusted_p_values,
)
from oda.exhibits.rates import plot_rates, rates_table, say_rate
from oda.exhibits.spc import plot_spc_chart, spc_chart_table
from oda.exhibits.staggered import (
    bacon_decomposition_table,
    plot_bacon_decomposition,
    plot_staggered_adoption,
    staggered_adoption_table,
)

__all__ = [
    "adjusted_p_values_table",
    "bacon_decomposition_table",
    "comparability_table",
    "funnel_table",
    "plot_adjusted_p_values",
    "plot_bacon_decomposition",
    "plot_comparability",
    "plot_funnel",
    "plot_propensity_weights",
    "plot_rates",
    "plot_spc_chart",
    "plot_staggered_adoption",
    "plot_weighted_effect",
    "propensity_weights_table",
    "rates_table",
    "say_rate",
    "spc_chart_table",
    "staggered_adoption_table",
    "weighted_effect_table",
]

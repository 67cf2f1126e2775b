"""Results of `oda.evaluate` as tables and pictures: one function of each kind a result, by topic."""

from oda.exhibits.balance import (
    comparability_table,
    plot_comparability,
    plot_propensity_weights,
    plot_weighted_effect,
    propensity_weights_table,
    weighted_effect_table,
)
from oda.exhibits.before_after import before_after_table, plot_before_after
from oda.exhibits.comparison import comparison_table, plot_comparison
from oda.exhibits.cost_benefit import (
    cost_benefit_table,
    discount_schedule_table,
    investment_case_table,
    partners_table,
    plot_cost_benefit,
)
from oda.exhibits.estimates import estimate_table, plot_estimates
from oda.exhibits.event_study import event_study_table, plot_event_study
from oda.exhibits.evidence import evidence_grade_table, plot_evidence_grade
from oda.exhibits.falsification import falsification_table, plot_falsification
from oda.exhibits.funnel import funnel_table, plot_funnel
from oda.exhibits.inference import (
    bootstrap_test_table,
    plot_bootstrap_test,
    plot_randomisation_test,
    randomisation_test_table,
    route_table,
)
from oda.exhibits.multiple import adjusted_p_values_table, plot_adjusted_p_values
from oda.exhibits.pooling import plot_pooled, pooled_table
from oda.exhibits.power import plot_power_plan, plot_pre_period_spread, power_plan_table, pre_period_spread_table
from oda.exhibits.rates import plot_rates, rates_table, say_rate
from oda.exhibits.spc import plot_spc_chart, spc_chart_table
from oda.exhibits.staggered import (
    bacon_decomposition_table,
    plot_bacon_decomposition,
    plot_staggered_adoption,
    staggered_adoption_table,
)
from oda.exhibits.synthetic_control import (
    plot_synthetic_control,
    plot_synthetic_difference,
    plot_synthetic_placebos,
    synthetic_balance_table,
    synthetic_control_table,
    synthetic_difference_table,
    synthetic_placebo_table,
)
from oda.exhibits.time_series import (
    interrupted_series_table,
    plot_interrupted_series,
    plot_structural_counterfactual,
    structural_counterfactual_table,
)
from oda.tile_map import plot_tile_map

__all__ = [
    "adjusted_p_values_table",
    "bacon_decomposition_table",
    "before_after_table",
    "bootstrap_test_table",
    "comparability_table",
    "comparison_table",
    "cost_benefit_table",
    "discount_schedule_table",
    "estimate_table",
    "event_study_table",
    "evidence_grade_table",
    "falsification_table",
    "funnel_table",
    "interrupted_series_table",
    "investment_case_table",
    "partners_table",
    "plot_adjusted_p_values",
    "plot_bacon_decomposition",
    "plot_before_after",
    "plot_bootstrap_test",
    "plot_comparability",
    "plot_comparison",
    "plot_cost_benefit",
    "plot_estimates",
    "plot_event_study",
    "plot_evidence_grade",
    "plot_falsification",
    "plot_funnel",
    "plot_interrupted_series",
    "plot_pooled",
    "plot_power_plan",
    "plot_pre_period_spread",
    "plot_propensity_weights",
    "plot_randomisation_test",
    "plot_rates",
    "plot_spc_chart",
    "plot_staggered_adoption",
    "plot_structural_counterfactual",
    "plot_synthetic_control",
    "plot_synthetic_difference",
    "plot_synthetic_placebos",
    "plot_tile_map",
    "plot_weighted_effect",
    "pooled_table",
    "power_plan_table",
    "pre_period_spread_table",
    "propensity_weights_table",
    "randomisation_test_table",
    "rates_table",
    "route_table",
    "say_rate",
    "spc_chart_table",
    "staggered_adoption_table",
    "structural_counterfactual_table",
    "synthetic_balance_table",
    "synthetic_control_table",
    "synthetic_difference_table",
    "synthetic_placebo_table",
    "weighted_effect_table",
]

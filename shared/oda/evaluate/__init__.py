"""Estimators: data in, frozen result out. They read no file and draw no picture."""

from oda.estimate import Estimate
from oda.evaluate.comparing.before_after import BeforeAfter, before_after
from oda.evaluate.comparing.comparison import Comparison
from oda.evaluate.comparing.differences import difference_in_differences
from oda.evaluate.comparing.event_study import Breakdown, EventStudy, PreTrend, event_study
from oda.evaluate.comparing.falsification import Falsification, placebo_in_space, placebo_in_time
from oda.evaluate.comparing.leave_out import leave_neighbours_out, leave_one_out
from oda.evaluate.inference.bootstrap import BootstrapTest, wild_cluster_bootstrap
from oda.evaluate.inference.cluster_robust import cr2_test
from oda.evaluate.inference.collapsed import collapsed_t_test
from oda.evaluate.inference.multiple import AdjustedPValues, adjust_p_values
from oda.evaluate.inference.permutation import RandomisationTest, randomisation_test
from oda.evaluate.inference.routing import Route, choose_inference
from oda.evaluate.planning.persons import intraclass_correlation
from oda.evaluate.planning.plan import PowerPlan, plan_power
from oda.evaluate.planning.precision import bloom_multiplier, minimum_detectable_effect, power, units_needed
from oda.evaluate.planning.simulation import simulate_power
from oda.evaluate.planning.spread import PrePeriodSpread, modelled_spread, pre_period_spread
from oda.evaluate.pooling.districts import Pooled, pool_districts
from oda.evaluate.pooling.variance import Heterogeneity
from oda.evaluate.rates.area_results import Rates, Suppressed
from oda.evaluate.rates.areas import crude_rates, proportions
from oda.evaluate.rates.crude import crude_rate, proportion, rate_change
from oda.evaluate.rates.funnel import Funnel, funnel_limits
from oda.evaluate.rates.indirect import indirectly_standardised_rate, indirectly_standardised_ratio
from oda.evaluate.rates.limits import byar_limits, dobson_limits, exact_limits, poisson_limits, wilson_limits
from oda.evaluate.rates.spc import SpcChart, spc_chart
from oda.evaluate.rates.standardised import EUROPEAN_2013, directly_standardised_rate
from oda.evaluate.series.interrupted import InterruptedSeries, interrupted_time_series
from oda.evaluate.series.newey_west import newey_west
from oda.evaluate.series.structural import StructuralCounterfactual, structural_counterfactual
from oda.evaluate.staggered.adoption import StaggeredAdoption, staggered_adoption
from oda.evaluate.staggered.bacon import BaconDecomposition, bacon_decomposition
from oda.evaluate.synthetic.control import SyntheticControl, synthetic_control
from oda.evaluate.synthetic.differences import SyntheticDifference, synthetic_difference_in_differences
from oda.evaluate.weighting.balance import Comparability, balance_table
from oda.evaluate.weighting.effect import WeightedEffect, weighted_effect
from oda.evaluate.weighting.propensity import PropensityWeights, propensity_weights
from oda.evaluate.words import sentence
from oda.evaluate.worth.cost_benefit import CostBenefit, cost_benefit
from oda.evaluate.worth.discounting import (
    DiscountSchedule,
    discount_factors,
    discount_schedule,
    present_value,
    to_real_terms,
)
from oda.evaluate.worth.effects import UnitChange
from oda.evaluate.worth.evidence import EvidenceGrade, evidence_grade

__all__ = [
    "EUROPEAN_2013",
    "AdjustedPValues",
    "BaconDecomposition",
    "BeforeAfter",
    "BootstrapTest",
    "Breakdown",
    "Comparability",
    "Comparison",
    "CostBenefit",
    "DiscountSchedule",
    "Estimate",
    "EventStudy",
    "EvidenceGrade",
    "Falsification",
    "Funnel",
    "Heterogeneity",
    "InterruptedSeries",
    "Pooled",
    "PowerPlan",
    "PrePeriodSpread",
    "PreTrend",
    "PropensityWeights",
    "RandomisationTest",
    "Rates",
    "Route",
    "SpcChart",
    "StaggeredAdoption",
    "StructuralCounterfactual",
    "Suppressed",
    "SyntheticControl",
    "SyntheticDifference",
    "UnitChange",
    "WeightedEffect",
    "adjust_p_values",
    "bacon_decomposition",
    "balance_table",
    "before_after",
    "bloom_multiplier",
    "byar_limits",
    "choose_inference",
    "collapsed_t_test",
    "cost_benefit",
    "cr2_test",
    "crude_rate",
    "crude_rates",
    "difference_in_differences",
    "directly_standardised_rate",
    "discount_factors",
    "discount_schedule",
    "dobson_limits",
    "event_study",
    "evidence_grade",
    "exact_limits",
    "funnel_limits",
    "indirectly_standardised_rate",
    "indirectly_standardised_ratio",
    "interrupted_time_series",
    "intraclass_correlation",
    "leave_neighbours_out",
    "leave_one_out",
    "minimum_detectable_effect",
    "modelled_spread",
    "newey_west",
    "placebo_in_space",
    "placebo_in_time",
    "plan_power",
    "poisson_limits",
    "pool_districts",
    "power",
    "pre_period_spread",
    "present_value",
    "propensity_weights",
    "proportion",
    "proportions",
    "randomisation_test",
    "rate_change",
    "sentence",
    "simulate_power",
    "spc_chart",
    "staggered_adoption",
    "structural_counterfactual",
    "synthetic_control",
    "synthetic_difference_in_differences",
    "to_real_terms",
    "units_needed",
    "weighted_effect",
    "wild_cluster_bootstrap",
    "wilson_limits",
]

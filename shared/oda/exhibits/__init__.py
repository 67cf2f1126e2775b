"""Results of `oda.evaluate` as tables and pictures: one function of each kind a result, by topic."""

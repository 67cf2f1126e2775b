"""Rates, shares and their limits; funnels and control charts."""

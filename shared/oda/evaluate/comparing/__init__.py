"""Treated and untreated districts, before and after."""

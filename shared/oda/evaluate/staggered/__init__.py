"""Districts that start at different times."""

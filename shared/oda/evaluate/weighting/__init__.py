"""People treated or not, made comparable."""

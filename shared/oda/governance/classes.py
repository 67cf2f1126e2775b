"""Classes of data: which of them are free of sign-offs. Any other class counts as data about people."""

FREE_CLASSES = frozenset({"synthetic", "open"})

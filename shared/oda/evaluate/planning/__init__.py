"""Before a pilot: what it could detect."""

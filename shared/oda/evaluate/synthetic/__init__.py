"""One treated district against a mix of others."""

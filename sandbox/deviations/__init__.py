"""Deviations: named bugs of a vendor, each a rule, a policy or a renderer that a world has in place of its own."""

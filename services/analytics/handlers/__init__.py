"""Use cases of the analytics service; each is one transaction."""

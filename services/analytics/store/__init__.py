"""Every SQL statement of the analytics service, beside its arguments."""

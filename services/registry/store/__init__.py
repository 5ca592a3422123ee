"""Every SQL statement of the registry, beside its arguments: `register`, `parked`."""

"""Petitions: from filing to definitively settled.

Owns every petition: its course, its agency, its deadlines, and, private to this service, its text
and the person behind it. Publishes `caunoi.petitions.events.v1`; consumes
`caunoi.registry.events.v1`, of which it keeps code, name, kind and status.
"""

"""The registry: the system of record of enterprises, co-operatives and their dependent units.

Owns the life of every entity. Publishes `caunoi.registry.events.v1` and, for what it refuses,
`caunoi.registry.rejected.v1`; consumes `caunoi.registry.intake.v1`.
"""

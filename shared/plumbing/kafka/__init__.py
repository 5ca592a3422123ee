"""Kafka: topics, clients, records as they lie, and a door that keeps its offsets in Postgres.

Import from the modules: `topics`, `clients`, `records`, `offsets`, `door`. Only `door` loads
FastStream, so that a service without a Kafka door does not pay for it.
"""

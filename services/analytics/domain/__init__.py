"""Pure rules of the figures: events to entries, entries to deltas, sums to figures."""

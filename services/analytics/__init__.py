"""Analytics: keeps the figures.

Owns the figures, the plans and what could not be applied; consumes the events of the registry and
of the petitions, exactly once; publishes milestones of the plan.
"""

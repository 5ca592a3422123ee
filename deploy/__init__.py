"""How Cầu Nối is brought to run: on one machine (`deploy.local`) and beyond it."""

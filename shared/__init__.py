"""What the services share: the published language (contracts) and how bytes move (plumbing)."""

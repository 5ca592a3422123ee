"""What others would write against the events."""

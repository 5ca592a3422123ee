"""The rules of petitions: state + command + today -> event, or a refusal. Pure."""

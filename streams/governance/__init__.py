"""Governance from the log alone: the audit trail, a model's card, a week's report."""

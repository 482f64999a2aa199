"""Recorded decisions held against the fold that they must equal, afterwards or continuously."""

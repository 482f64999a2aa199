"""The history of models: what was published, what was in force, and the fold that made it."""

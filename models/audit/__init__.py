"""Who changed what decides, and why: entries in a hash chain, made by the learner as it folds."""

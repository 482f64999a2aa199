"""What `fraud init` writes: a mapping guessed from a file, features, rules, and a model to edit."""

"""What decisions would have been under other rules, another threshold or another model."""

"""One decision taken apart: what it was made from, what each part did, what would change it."""

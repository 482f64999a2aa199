"""Exact event-time windows ``(t - w, t]`` over integers, and their packed versioned state."""

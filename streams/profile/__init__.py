"""What is in a file, before anything learns from it: the statistics behind `fraud profile`."""

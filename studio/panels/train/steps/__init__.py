"""Step mode: one training step at a time, looked at."""

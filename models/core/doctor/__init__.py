"""The doctor: signals of a run, rules that name a failure, and remedies."""

"""Training a run: the loop around ``fit``, what it records, previews, estimates and branches."""

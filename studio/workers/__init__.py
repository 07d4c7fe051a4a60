"""The training thread and the inference thread."""

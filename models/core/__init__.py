"""What is identical for every family, and nothing else."""

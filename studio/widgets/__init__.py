"""Pieces that several panels use."""

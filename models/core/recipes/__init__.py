"""Recipes: what an exported file says of itself, and how it is read back."""

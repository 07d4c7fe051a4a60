"""Noise and its removal: adding and measuring noise, tiles of large images, classic filters."""

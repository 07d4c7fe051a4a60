"""The Denoise panel and what only it uses."""

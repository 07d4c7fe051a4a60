"""The Arithmetic panel and what only it uses."""

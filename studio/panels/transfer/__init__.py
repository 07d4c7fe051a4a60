"""The Transfer panel and what only it uses."""

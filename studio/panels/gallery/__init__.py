"""The Gallery panel and what only it uses."""

"""The Data panel and what only it uses."""

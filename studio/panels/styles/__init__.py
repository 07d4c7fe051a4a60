"""The Styles panel and what only it uses."""

"""What a command says and hears: standard streams, signals, and names of others made visible."""

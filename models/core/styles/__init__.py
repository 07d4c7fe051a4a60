"""What style-based generators share: mixing, tables of mixes, projection and their layers."""

"""The soak campaign: thousands of hostile files, names, races and signals, as long as one likes."""

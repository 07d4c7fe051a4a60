"""The curves of a run: table, axes, tabs and crosshair."""

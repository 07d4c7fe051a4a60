"""What only the window uses: rail, model picker, banner and status line."""

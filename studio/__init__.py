"""What a person sees: PySide6 and pyqtgraph; it knows capabilities, never families."""

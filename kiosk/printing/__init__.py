"""The slip that a customer takes home: its lines, and the drivers that put them on paper."""

"""The registry of permits: its port and a simulator."""

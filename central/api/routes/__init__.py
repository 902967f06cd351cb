"""The doors, one file each. Routes only translate between HTTP and the rooms behind them."""

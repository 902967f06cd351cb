"""Programs that do as little as possible: what ours are compared with. Each runs in a process of its own."""

"""Messages to holders: the port and a simulator."""

"""One-time codes that prove a mobile number, and the port through which they are sent."""

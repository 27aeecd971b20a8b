"""Files, databases and connections on this machine."""

"""Delta Lake tables of output ports: the commit log, add actions and file statistics."""

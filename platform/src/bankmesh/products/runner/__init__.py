"""`mesh run`: everything that is due, in waves, in this process."""

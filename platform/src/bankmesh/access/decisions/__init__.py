"""Decisions about reads: a pure function of the principal, the port, the purpose and the policies in force."""

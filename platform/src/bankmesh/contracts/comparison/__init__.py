"""What changed between two versions of a contract, and whether a change breaks its readers."""

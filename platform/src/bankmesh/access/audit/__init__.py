"""The audit log: who read what for which purpose, in hash-chained files whose heads are signed and anchored."""

"""Published versions and the attempts that made them: staleness, confirmation, recovery and restoration."""

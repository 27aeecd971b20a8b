"""Cedar policies: those of the hub, of the workspace and of the domains, and those compiled from contracts."""

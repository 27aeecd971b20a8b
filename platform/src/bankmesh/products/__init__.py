"""The operation behind every product: pin, build, gate, publish, report. It depends on no orchestrator."""

"""Inflow attrition: when it is judged, what is known by then, and a model of what follows."""

"""Contracts of the Open Data Contract Standard, read strictly; every fault is found with its line."""

"""Bankmesh: contract in, governed product out."""

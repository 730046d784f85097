"""Benchmarks that anyone can repeat on a machine of their own."""

"""Edges as formulas: the functions they are compared with, and the edges that have become one."""

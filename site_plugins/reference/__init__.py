"""Writes the pages of the handbook that are made from the code; no part of the product."""

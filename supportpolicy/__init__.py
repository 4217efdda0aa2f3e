"""The support policy: one file, proved when loaded, that the guide and the help desk both keep."""

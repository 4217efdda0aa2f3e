"""Pictures of a running app for a guide's pages, taken from a list, and the guide's steps tried in a browser."""

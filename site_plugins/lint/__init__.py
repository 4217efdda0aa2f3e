"""What can be seen in a page before it is rendered: mistakes of writers, each with its line and what to do."""

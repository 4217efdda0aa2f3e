"""How long a page of a search takes, from a thousand to a million tickets."""

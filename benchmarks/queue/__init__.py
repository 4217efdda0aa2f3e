"""How long a page of the staff queue takes, from a thousand to a million tickets."""

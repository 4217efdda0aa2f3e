"""The MkDocs side: fenced blocks that become the promise table, the chooser and the ticket form."""

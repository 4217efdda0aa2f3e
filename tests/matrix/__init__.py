"""Our plugin beside the plugins, themes and tools of others, each in a small site that uses what real sites use."""

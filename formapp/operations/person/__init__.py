"""A person's data: all that is stored about somebody, to hand it over or to erase it."""

"""The database's schema, step by step; ``formapp db upgrade`` takes it to the newest."""

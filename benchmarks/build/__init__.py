"""How much longer a guide takes to build with the plugin."""

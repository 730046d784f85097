"""How much the engine gets through in a second, measured on one thread."""

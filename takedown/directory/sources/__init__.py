"""Where suggestions come from, one file per source. Each is a function from a place and errands to what it found."""

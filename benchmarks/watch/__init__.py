"""What the watch costs, and how long it takes from finding a copy to a complete evidence bundle."""

"""The directory of hosting sites: their names, how to reach them, who says so, and who changed what."""

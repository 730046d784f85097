"""Open benchmark of copy detection: a set made from packaged photographs and clips, and its evaluation."""

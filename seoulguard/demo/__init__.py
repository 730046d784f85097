"""A small world on loopback: synthetic media, three hosting sites, a mail server and a host that deletes."""

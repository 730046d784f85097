"""What comes back: replies, bounces, automatic answers. Read, sorted, shown; never answered.

fetching (IMAP, reads only) → opened (bytes to text) → kinds (what is it) → receiving (whose is it, what follows)
"""

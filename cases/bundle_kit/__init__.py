"""What goes into every bundle beside the evidence: the stand-alone verifier, its page, and how to use them."""

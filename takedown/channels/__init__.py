"""Every way a letter can take: e-mail, interfaces of networks, web forms, the post. One `deliver` for all of them."""

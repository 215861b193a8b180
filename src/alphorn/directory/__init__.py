"""The control plane: organizations, domains, addresses, accounts, users, plans."""

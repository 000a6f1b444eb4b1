"""The signer: an official's own pages, on their own machine, that say what an order does and sign it with their key."""

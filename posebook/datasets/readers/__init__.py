"""Files of others: each format from bytes to checked arrays, `Clip`s or `Motion`s."""

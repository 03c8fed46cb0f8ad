"""What goes wrong on the way between a client and a vendor: the catalogue, and when which fault acts on whom."""

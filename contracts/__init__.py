"""The contract suite: claims, and what checks them."""

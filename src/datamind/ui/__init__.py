"""The browser pages: a face that talks to the product through its REST API only."""

"""The Management API (/api/v2) and the account API (/me): tables of routes, and the one way a request goes through them."""

"""The two hooks that the stack ships, ready to be configured: user_creation and claims_enrichment."""

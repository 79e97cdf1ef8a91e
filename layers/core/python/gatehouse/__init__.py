"""Gatehouse: an OpenID Provider over Lambda and DynamoDB."""

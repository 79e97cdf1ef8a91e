"""What API Gateway's HTTP API does, in front of functions that the emulator runs."""

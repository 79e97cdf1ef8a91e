"""The local stack: AWS by emulator, API Gateway by our own stand-in, all on 127.0.0.1."""

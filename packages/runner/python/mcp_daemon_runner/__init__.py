"""Runs Python functions for mcp-daemon: the child side of docs/runner-protocol.md."""

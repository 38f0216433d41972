"""The functions that mcp.json names, as the Python engine wants them."""

from .mcp_function_demo import MCP_CONFIGURATION, MCPFunctionDemo

__all__ = ["MCP_CONFIGURATION", "MCPFunctionDemo"]

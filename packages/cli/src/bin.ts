#!/usr/bin/env node
process.stderr.write('mcp-daemon: not built yet\n');
process.exitCode = 1;

export {};

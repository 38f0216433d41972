#!/usr/bin/env bash
# @openai/agents-core 0.20.0 with @modelcontextprotocol/sdk 1.32.2, seen on 2026-11-29 (Node 20.20.2).
#
# An MCP tool whose inputSchema has "additionalProperties": false reaches the model with "additionalProperties": true, unless
# convertSchemasToStrict is on, which is off by default. The list that the client itself gives, listTools(), still has false: the
# change happens where MCP tools become function tools.
#
# Why it matters: the model is told that any further argument is welcome, and the server refuses what it then sends. The answer of a
# server to an unknown argument has to name it, so that the model can leave it out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @openai/agents-core@0.20.0 @modelcontextprotocol/sdk@1.32.2 zod@4.6.7 >/dev/null
cat >server.mjs <<'JS'
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const server = new Server({ name: 'lab', version: '1' }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: 'weather', inputSchema }] }));
await server.connect(new StdioServerTransport());
JS
cat >client.mjs <<'JS'
import { getAllMcpTools, MCPServerStdio } from '@openai/agents-core';
const server = new MCPServerStdio({ name: 'lab', command: process.execPath, args: ['server.mjs'] });
await server.connect();
const [listed] = await server.listTools();
const [usual] = await getAllMcpTools({ mcpServers: [server] });
const [strict] = await getAllMcpTools({ mcpServers: [server], convertSchemasToStrict: true });
const values = [listed.inputSchema, usual.parameters, strict.parameters].map((schema) => schema.additionalProperties);
console.log(values.join(' '));
await server.close();
JS
seen=$(node client.mjs)
read -r listed usual strict <<<"$seen"
echo "additionalProperties of a tool that the server closed:"
echo "  as listTools() gives it:                  $listed"
echo "  as the model is told, by default:         $usual"
echo "  as the model is told, converted to strict: $strict"
[ "$seen" = "false true false" ]

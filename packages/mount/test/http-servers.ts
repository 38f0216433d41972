/** MCP servers over HTTP for tests: of both SDKs, and what answers as no MCP server does. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { JsonObject } from '@mcp-daemon/core';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { ServerNotifier } from '@modelcontextprotocol/server';
import { createMcpHandler, inputRequired, McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A server that listens. */
export interface Listening {
  readonly url: string;
  /** The headers of the requests so far. */
  readonly headers: IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** Serves on a free port. */
export async function listen(handle: RequestListener): Promise<Listening> {
  const headers: IncomingMessage['headers'][] = [];
  const server: HttpServer = createServer((req, res) => {
    headers.push(req.headers);
    handle(req, res);
  });
  server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    headers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function v1(): McpServerV1 {
  const server = new McpServerV1({ name: 'v1', version: '1.0.0' }, { capabilities: { logging: {} } });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({ content: [{ type: 'text', text }] }));
  server.registerTool('ask', {}, async (extra) => {
    const answer = await extra.sendRequest(
      {
        method: 'elicitation/create',
        params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
      },
      z.any(),
    );
    return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
  });
  server.registerTool('progress', {}, async (extra) => {
    const { progressToken } = extra._meta ?? {};
    if (progressToken !== undefined)
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1, total: 2 } });
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'error', data: 'a log line' } });
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('grow', {}, () => {
    server.registerTool('grown', {}, () => ({ content: [] }));
    return { content: [] };
  });
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  server.registerPrompt('greet', { argsSchema: { who: z.string() } }, ({ who }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello ${who}` } }],
  }));
  return server;
}

/** A server of SDK v1 with sessions. `forget` ends all sessions without a word. @param create makes the server of one session */
export async function serveV1(create: () => McpServerV1 = v1): Promise<Listening & { forget(): void }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const id = req.headers['mcp-session-id'];
    let transport = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && transport === undefined) {
      res.writeHead(404).end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}');
      return;
    }
    if (transport === undefined) {
      const made: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => void sessions.set(session, made),
      });
      transport = made;
      await create().connect(made as never);
    }
    await transport.handleRequest(req, res);
  }
  const listening = await listen((req, res) => void handle(req, res));
  return { ...listening, forget: () => sessions.clear() };
}

function v2(): McpServerV2 {
  const server = new McpServerV2({ name: 'v2', version: '2.0.0' });
  server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text }],
  }));
  server.registerTool('ask', {}, (context) => {
    const answers = context.mcpReq.inputResponses;
    const answer = answers?.['who'];
    if (answer === undefined)
      return inputRequired({
        inputRequests: {
          who: inputRequired.elicit({
            message: 'Who?',
            requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
          }),
        },
        requestState: 'the state',
      });
    return { content: [{ type: 'text', text: JSON.stringify([answer, context.mcpReq.requestState?.()]) }] };
  });
  server.registerResource('note', 'note://one', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'a note' }] }));
  return server;
}

/** A server of SDK v2, of the modern era. @param create makes the server of one request; it gets what announces changes */
export async function serveV2(create: (notify: ServerNotifier) => McpServerV2 = v2): Promise<Listening> {
  const handler = createMcpHandler(() => create(handler.notify));
  const handle = toNodeHandler(handler);
  return listen((req, res) => void handle(req as never, res));
}

/** A request to a server by hand. */
export interface HandRequest {
  readonly method: string;
  readonly params: JsonObject;
  /** Requests so far, with this one. */
  readonly at: number;
}

/** A server of the modern era by hand. @param answer gives the members of an answer: `result` or `error` */
export async function serveByHand(
  answer: (method: string, at: number, params: JsonObject) => object | Promise<object>,
): Promise<Listening & { requests: HandRequest[] }> {
  const requests: HandRequest[] = [];
  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const {
      id,
      method,
      params = {},
    } = JSON.parse(Buffer.concat(chunks).toString()) as {
      id: number;
      method: string;
      params?: JsonObject;
    };
    requests.push({ method, params, at: requests.length + 1 });
    const members = await answer(method, requests.length, params);
    res.writeHead('error' in members ? 400 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ jsonrpc: '2.0', id, ...members }));
  }
  const served = await listen((req, res) => void handle(req, res));
  return { ...served, requests };
}

/** What a server by hand says of itself. */
export const DISCOVERED = {
  result: {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    ttlMs: 0,
    cacheScope: 'private',
  },
};

/**
 * The smallest MCP server to mount: one tool that answers with its text. It checks nothing.
 *
 *     node mount-echo.mjs stdio             over stdin and stdout
 *     node mount-echo.mjs http              over HTTP; it prints its port
 */
import { createServer } from 'node:http';

const [, , way, era = 'legacy'] = process.argv;
const INFO = { name: 'echo', version: '1.0.0' };
const TOOL = { name: 'echo', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } };
const EXTRA = era === 'modern' ? { resultType: 'complete' } : {};
const CACHE = era === 'modern' ? { ttlMs: 60_000, cacheScope: 'private' } : {};

/** The members of an answer. */
function answer({ method, params }) {
  if (method === 'tools/call') return { result: { content: [{ type: 'text', text: params.arguments.text }], ...EXTRA } };
  if (method === 'tools/list') return { result: { tools: [TOOL], ...EXTRA, ...CACHE } };
  if (method === 'initialize' && era === 'legacy')
    return { result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: INFO } };
  if (method === 'server/discover' && era === 'modern')
    return { result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...EXTRA, ...CACHE } };
  return { error: { code: -32601, message: 'Method not found' } };
}

const textOf = (message) => JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer(message) });

if (way === 'stdio') {
  let rest = '';
  process.stdin.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    const messages = lines.map((line) => JSON.parse(line)).filter(({ id }) => id !== undefined);
    if (messages.length > 0) process.stdout.write(`${messages.map(textOf).join('\n')}\n`);
  });
} else {
  const server = createServer((req, res) => {
    if (req.method !== 'POST') return res.writeHead(405).end();
    let text = '';
    req.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    return req.on('end', () => {
      const message = JSON.parse(text);
      if (message.id === undefined) return res.writeHead(202).end();
      return res.writeHead(200, { 'content-type': 'application/json' }).end(textOf(message));
    });
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
  process.stdin.resume().on('end', () => process.exit());
}

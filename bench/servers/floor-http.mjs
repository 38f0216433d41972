/** The floor over HTTP: bare `node:http` that parses each body and answers the same bytes. A session is an entry in a map. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { result } from './floor-answers.mjs';
import { port } from './tools.mjs';

const sessions = new Map();

function events(res, first) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  if (first === undefined) res.flushHeaders();
  else res.write(`data: ${first}\n\n`);
}

function post(text, res) {
  const message = JSON.parse(text);
  if (message.id === undefined) return res.writeHead(202).end();
  if (message.method === 'subscriptions/listen')
    return events(res, '{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged"}');
  const answer = `{"jsonrpc":"2.0","id":${message.id},"result":${result(message)}}`;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };
  if (message.method === 'initialize') {
    headers['mcp-session-id'] = randomUUID();
    sessions.set(headers['mcp-session-id'], {});
  }
  res.writeHead(200, headers).end(answer);
}

createServer((req, res) => {
  if (req.method === 'GET') return events(res);
  if (req.method === 'DELETE') {
    sessions.delete(req.headers['mcp-session-id']);
    return res.writeHead(200).end();
  }
  let text = '';
  req.setEncoding('utf8');
  req.on('data', (chunk) => (text += chunk));
  req.on('end', () => post(text, res));
}).listen(port(), '127.0.0.1');

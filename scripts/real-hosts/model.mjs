/**
 * A stand-in for the models of all hosts, on loopback: Anthropic messages, OpenAI chat completions and responses, and Gemini
 * generateContent, with and without streaming. It asks for one tool call, and ends the conversation once it has the result.
 *
 * The same server is the HTTP proxy of the hosts: it forwards nothing, and keeps what they wanted to reach.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

import { APIS } from './model-apis.mjs';

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

/** What most hosts do: all tools are in the request, and the model calls one of them. */
const direct = {
  shown: ({ tools }) => tools,
  replies: ({ tools, shown, isCalled, args }) => {
    const call = shown.find(isCalled);
    return call === undefined ? [] : [{ call: tools.find(({ name }) => name === call.name), args }];
  },
};

/**
 * Starts the stand-in.
 *
 * @param plan `isCalled(tool)`: which of the tools it sees the model calls, `args`: its arguments, and `style`: how the host shows
 *   tools to its model (see {@link direct} and searched.mjs). A tool is `{ name, namespace, description, schema }`.
 * @returns its `url`; `seen`: `{ first, tools, result, requests, unknown, outside }`, what has reached it so far (`first`: the
 *   descriptions of the tools before a search); `close()`
 */
export async function startModel({ isCalled, args, style = direct }) {
  const seen = { first: undefined, tools: undefined, result: undefined, requests: [], unknown: [], outside: new Set() };

  /** The next answer. Hosts ask for titles and summaries too: a request without the tool is answered by a text. */
  function next(api, body) {
    const tools = api.tools(body);
    const shown = style.shown({ tools, body });
    const results = api.results(body);
    const replies = style.replies({ tools, shown, body, isCalled, args });
    if (replies.length > 0) {
      seen.first ??= tools.map(({ description }) => description);
      if (results.length >= replies.length - 1 && seen.tools === undefined) {
        seen.tools = shown;
        style.learn?.(shown, results);
      }
      if (results.length >= replies.length) seen.result ??= results[replies.length - 1];
    }
    return replies[results.length] ?? { text: 'Done.' };
  }

  async function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (/^http/.test(request.url)) {
      seen.outside.add(new URL(request.url).host);
      response.writeHead(502).end();
      return;
    }
    const api = APIS.find(({ path }) => path.test(pathname));
    const send = (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (request.method !== 'POST' || api === undefined) {
      if (request.method === 'GET' && /\/models$/.test(pathname)) return send({ object: 'list', data: [] });
      if (/:countTokens$|\/count_tokens$/.test(pathname)) return send({ totalTokens: 10, input_tokens: 10 });
      seen.unknown.push(`${request.method} ${pathname}`);
      response.statusCode = 404;
      return send({ error: { type: 'not_found_error', message: 'the stand-in does not have this' } });
    }
    const body = await bodyOf(request);
    seen.requests.push(body);
    const isStream = api.isStream(body, pathname);
    const reply = next(api, body);
    if (!isStream) return send(api.whole(reply, body));
    response.setHeader('content-type', 'text/event-stream');
    for (const { event, data } of api.stream(reply, body))
      response.write(
        `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
      );
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      seen.unknown.push(`${request.method} ${request.url}: ${error.message}`);
      response.destroy();
    });
  });
  server.on('connect', (request, socket) => {
    seen.outside.add(request.url);
    socket.on('error', () => {}); // the host may have gone
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  // Some hosts ask by WebSocket first; they then use HTTP.
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * What the GraphQL API costs: CPU of the server per request, beside a handler written by hand that reads the same rows and writes the same
 * JSON, in the same process and the same run. Both authenticate.
 */
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

import { path } from '../lib/contenders.mjs';
import { table } from '../lib/markdown.mjs';
import { start, stop } from '../lib/processes.mjs';
import { ratios, span, summary } from '../lib/stats.mjs';

const CONNECTIONS = 16;
const TOKEN = 'token-of-the-benchmark';
const FUNCTION = 'name mcpType description moduleName functionName';
const QUERIES = {
  'a function': {
    budget: 2,
    share: 0.2,
    body: {
      operationName: 'One',
      query: `query One($name: String!) { mcpFunction(name: $name) { ${FUNCTION} } }`,
      variables: { name: 'tool_3' },
    },
  },
  '100 calls with their functions': {
    budget: 2.5,
    share: 0.03,
    body: {
      operationName: 'List',
      query: `query List($limit: Int) { mcpFunctionCallList(limit: $limit) { pageSize pageNumber hasNextPage mcpFunctionCallList {
        mcpFunctionCallUuid mcpType name arguments content status notes timeSpent updatedBy createdAt updatedAt
        mcpFunction { ${FUNCTION} } } } }`,
      variables: { limit: 100 },
    },
  },
};

/** Sends one request. @returns the text of the answer */
async function send(agent, port, url, text) {
  const headers = {
    ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    authorization: `Bearer ${TOKEN}`,
  };
  const req = request({ agent, port, host: '127.0.0.1', path: url, method: 'POST', headers });
  req.end(text);
  const [res] = await once(req, 'response');
  res.setEncoding('utf8');
  let answer = '';
  for await (const part of res) answer += part;
  if (res.statusCode !== 200) throw new Error(`${url} answered ${res.statusCode}: ${answer.slice(0, 300)}`);
  return answer;
}

async function cpuOf(child) {
  child.send('cpu');
  const [{ user, system }] = await once(child, 'message');
  return user + system;
}

/** CPU of the server per request, in µs. */
async function cost(child, agent, port, url, text, count) {
  const before = await cpuOf(child);
  let left = count;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while ((left -= 1) >= 0) await send(agent, port, url, text);
    }),
  );
  return ((await cpuOf(child)) - before) / count;
}

export async function graphql({ rounds, n, temporary, log }) {
  const folder = await mkdtemp(join(temporary, 'graphql-'));
  const child = start([path('../servers/graphql.mjs'), folder, TOKEN], { ipc: true });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const costs = Object.fromEntries(Object.keys(QUERIES).map((name) => [name, { hand: [], graphql: [] }]));
  try {
    const [{ port }] = await Promise.race([
      once(child, 'message'),
      child.ended.then((why) => Promise.reject(new Error(`${why}: ${child.said}`))),
    ]);
    for (const [name, { body }] of Object.entries(QUERIES)) {
      const [byHand, byApi] = await Promise.all(
        ['/graphql?hand', '/graphql'].map((url) => send(agent, port, url, JSON.stringify(body))),
      );
      if (byHand !== byApi) throw new Error(`${name}: the answers differ: ${byApi.slice(0, 300)}`);
    }
    // The first round is for the compiler.
    for (let round = -1; round < rounds; round += 1) {
      for (const [name, { body, share }] of Object.entries(QUERIES)) {
        for (const way of ['hand', 'graphql']) {
          const measured = await cost(
            child,
            agent,
            port,
            way === 'hand' ? '/graphql?hand' : '/graphql',
            JSON.stringify(body),
            Math.ceil(share * n),
          );
          if (round >= 0) costs[name][way].push(measured);
        }
      }
      if (round >= 0) log(`graphql: round ${round + 1} of ${rounds}`);
    }
  } finally {
    agent.destroy();
    await stop(child);
  }
  const rows = Object.entries(costs).map(([name, { hand, graphql: api }]) => [
    name,
    span(hand),
    span(api),
    span(ratios(api, hand)),
  ]);
  return {
    text: [
      `## GraphQL over HTTP, ${CONNECTIONS} connections: ${rounds} rounds`,
      table(['CPU µs of the server per request', 'by hand', 'GraphQL', 'ratio'], rows),
    ].join('\n\n'),
    failures: new Map(),
    budgets: Object.entries(QUERIES).map(([name, { budget }]) => ({
      what: `GraphQL, CPU of ${name}`,
      budget: `${budget} x by hand`,
      limit: budget,
      measured: summary(ratios(costs[name].graphql, costs[name].hand)),
    })),
  };
}

/**
 * Random sequences of messages: of both eras, broken ones, odd ids, batches, and initialize again and again. Whatever comes, every
 * request that has an id is answered once, and nothing else is.
 */
import { PassThrough, Writable } from 'node:stream';

import type { JsonObject } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, definePrompt, defineResource, defineTool, elicit, inputRequired } from '@mcp-daemon/core';
import { serveStdio } from '@mcp-daemon/stdio';

const RUNS = 150;
const MESSAGES = 40;

const functions = [
  defineTool({
    name: 'echo',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
    run: ({ text }) => text ?? '',
  }),
  defineTool({ name: 'later', run: () => new Promise((resolve) => setTimeout(resolve, 1, 'later')) }),
  defineTool({ name: 'throws', run: () => Promise.reject(new Error('no')) }),
  defineTool({
    name: 'asks',
    run: (_args, { inputs }) => (inputs['q'] === undefined ? inputRequired({ q: elicit('?', { type: 'object' }) }) : 'ok'),
  }),
  defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri }),
  definePrompt({ name: 'hello', run: () => 'hi' }),
];

/** A generator of numbers that can be repeated (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
const VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];

/** One line, and the texts of the ids that it wants an answer to. */
interface Sent {
  line: string;
  ids: string[];
}

function generator(random: () => number): () => Sent {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  let count = 0;

  /** The text of an id that no other request has. */
  function id(): string {
    count += 1;
    return pick([
      () => String(count),
      () => String(count),
      () => `"s${count}"`,
      () => `"${'x'.repeat(1_500)}${count}"`,
      () => `90071992547409931${count}`,
      () => `${count}.5`,
      () => `-${count}`,
    ])();
  }

  const methods: (() => [method: string, params: unknown])[] = [
    () => ['ping', pick([undefined, null, {}, [], 5])],
    () => [
      'initialize',
      { protocolVersion: pick([...VERSIONS, 'x', 5]), capabilities: pick([{}, null, { elicitation: {} }, 'x']) },
    ],
    () => [
      'initialize',
      { protocolVersion: pick(VERSIONS), capabilities: {}, clientInfo: { name: 'x'.repeat(5_000), version: '1' } },
    ],
    () => ['tools/list', { cursor: pick([undefined, null, '', 'x', 5]) }],
    () => [
      'tools/call',
      { name: pick(['echo', 'later', 'throws', 'asks', 'none']), arguments: pick([{}, { text: 'x' }, { text: 5 }, null, []]) },
    ],
    () => [
      'tools/call',
      { name: 'echo', arguments: { text: 'y'.repeat(6_000) }, _meta: { progressToken: pick([1, 'p', 'x'.repeat(2_000)]) } },
    ],
    () => ['resources/read', { uri: pick(['item://1', 'x', 5]) }],
    () => ['resources/subscribe', { uri: pick(['item://1', `item://${'x'.repeat(3_000)}`, null]) }],
    () => ['prompts/get', { name: pick(['hello', 'none']) }],
    () => ['logging/setLevel', { level: pick(['debug', 'x']) }],
    () => ['server/discover', {}],
    () => ['no/method', {}],
  ];

  function params(): [method: string, params: unknown] {
    const [method, given] = pick(methods)();
    if (random() < 0.6 || typeof given !== 'object' || given === null || Array.isArray(given)) return [method, given];
    return [
      method,
      { ...given, _meta: pick<unknown>([META, { ...META, [Object.keys(META)[0] as string]: '1999-01-01' }, null, 5]) },
    ];
  }

  function request(): Sent {
    const [method, given] = params();
    const text = id();
    const rest = `"method":${JSON.stringify(method)}${given === undefined ? '' : `,"params":${JSON.stringify(given)}`}`;
    return { line: `{"jsonrpc":"${random() < 0.05 ? '1.0' : '2.0'}","id":${text},${rest}}`, ids: [text] };
  }

  const none = (line: string): Sent => ({ line, ids: [] });
  const garbage = (): Sent =>
    none(
      pick([
        '{',
        '5',
        'null',
        '[]',
        '"x"',
        '{}',
        '['.repeat(6_000),
        `[${'{},'.repeat(3_000)}5`,
        '{"jsonrpc":"2.0","id":null,"method":"ping"}',
        '{"jsonrpc":"2.0","id":{},"method":"ping"}',
      ]),
    );
  const notification = (): Sent =>
    none(
      JSON.stringify({
        jsonrpc: '2.0',
        method: pick(['notifications/initialized', 'notifications/x', 'initialize', 'tools/call']),
        params: pick([{}, null, 5]),
      }),
    );
  const answer = (): Sent => none(JSON.stringify({ jsonrpc: '2.0', id: pick([1, 'mcp-daemon-1', 'x']), result: {} }));

  /** Whether batches are served depends on the last handshake: the ids of a batch that is refused as a whole want no answer. */
  const single = (): Sent => pick([request, request, request, request, garbage, notification, answer])();
  return single;
}

/** The ids at the beginning of all answers, as they are written. Questions of the server are answered by nobody. */
function idsOf(line: string): string[] {
  const message = JSON.parse(line) as JsonObject;
  if ('method' in message || !('id' in message)) return [];
  const text = /"id":("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+)/.exec(line)?.[1];
  return text === undefined ? [] : [text];
}

interface Pipe {
  write: (text: string) => void;
  lines: () => string[];
  end: () => Promise<void>;
}

function pipe(): Pipe {
  const daemon = createDaemon({ catalog: defineCatalog({ functions }), limits: { inputWaitMs: 20 } });
  const input = new PassThrough();
  let text = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const server = serveStdio(daemon, { input, output, drainMs: 5_000 });
  return {
    write: (line) => void input.write(line),
    lines: () => text.split('\n').filter((line) => line !== ''),
    async end() {
      input.end();
      await server.closed;
      await daemon.close();
    },
  };
}

describe('random messages over stdio', () => {
  it.each(Array.from({ length: 6 }, (_, block) => block))('are answered once each (block %d)', async (block) => {
    for (let run = 0; run < RUNS / 6; run += 1) {
      const random = randomOf(block * 1_000 + run);
      const next = generator(random);
      const { write, lines, end } = pipe();
      const wanted: string[] = [];
      for (let message = 0; message < MESSAGES; message += 1) {
        const { line, ids } = next();
        wanted.push(...ids);
        write(`${line}\n`);
        if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await end();
      expect([run, lines().flatMap(idsOf).sort()]).toEqual([run, wanted.sort()]);
    }
  });

  it('are answered once each in batches, after every handshake of a version that has them', async () => {
    for (let run = 0; run < RUNS / 3; run += 1) {
      const random = randomOf(77_000 + run);
      const next = generator(random);
      const { write, lines, end } = pipe();
      write('{"jsonrpc":"2.0","id":"handshake","method":"initialize","params":{"protocolVersion":"2025-03-26"}}\n');
      const wanted: string[] = [];
      for (let batch = 0; batch < 5; batch += 1) {
        const parts = Array.from({ length: 1 + Math.floor(random() * 40) }, next).filter(({ line }) => {
          try {
            const message: unknown = JSON.parse(line);
            return message !== null;
          } catch {
            return false;
          }
        });
        if (parts.length === 0) continue;
        wanted.push(...parts.flatMap(({ ids }) => ids).map((id) => JSON.stringify(JSON.parse(id))));
        write(`[${parts.map(({ line }) => line).join(',')}]\n`);
      }
      await end();
      const answered = lines()
        .slice(1)
        .flatMap<JsonObject>((line) => JSON.parse(line) as JsonObject | JsonObject[])
        .flatMap((message) => ('id' in message && !('method' in message) ? [JSON.stringify(message['id'])] : []));
      expect([run, answered.sort()]).toEqual([run, wanted.sort()]);
    }
  });
});

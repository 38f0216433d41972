import fc from 'fast-check';

import type { DaemonOptions } from '../../src/index.js';
import { createMemoryStore, definePrompt, defineResource, inputRequired } from '../../src/index.js';
import { DaemonError, quoted, toRpcError } from '../../src/protocol/errors.js';
import type { Client } from '../support.js';
import { daemonWith, echo, legacy, modern, tool } from '../support.js';

/** Texts of up to 100,000 characters, of any kind. */
const longText = fc
  .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 5_000 }))
  .map(([text, times]) => text.repeat(times));

const functions = [
  echo,
  tool('asks', () => inputRequired({ name: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: {} } } })),
  definePrompt({ name: 'greet', arguments: [{ name: 'who', required: true }], run: () => 'hi' }),
  defineResource({ name: 'nothing', uriTemplate: 'none://{+all}', run: () => null }),
];

/** Requests with a text of the client where an error may repeat it. */
const requests: [what: string, send: (client: Client, text: string) => Promise<unknown>][] = [
  ['a tool', (client, text) => client.call(text)],
  ['an argument of the wrong type', (client, text) => client.call('echo', { text: [text] })],
  ['the name of an argument', (client, text) => client.call('echo', { [text]: 1 })],
  ['a prompt', (client, text) => client.request('prompts/get', { name: text })],
  [
    'an argument of a prompt',
    (client, text) => client.request('prompts/get', { name: 'greet', arguments: { who: '', [text]: 1 } }),
  ],
  ['a resource', (client, text) => client.request('resources/read', { uri: text })],
  ['a resource that has gone', (client, text) => client.request('resources/read', { uri: `none://${text}` })],
  ['a method', (client, text) => client.request(text)],
  ['a cursor', (client, text) => client.request('tools/list', { cursor: text })],
  ['a URI to subscribe to', (client, text) => client.request('resources/subscribe', { uri: text })],
  [
    'a URI to listen to',
    (client, text) =>
      client.request('subscriptions/listen', { notifications: { resourceSubscriptions: [text, text + text, 1] } }),
  ],
  ['a log level', (client, text) => client.request('logging/setLevel', { level: text })],
  [
    'a prompt to complete',
    (client, text) =>
      client.request('completion/complete', { ref: { type: 'ref/prompt', name: text }, argument: { name: 'a', value: '' } }),
  ],
  [
    'an argument to complete',
    (client, text) =>
      client.request('completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: text, value: '' } }),
  ],
  [
    'a template to complete',
    (client, text) =>
      client.request('completion/complete', { ref: { type: 'ref/resource', uri: text }, argument: { name: 'a', value: '' } }),
  ],
  [
    'the kind of a reference',
    (client, text) => client.request('completion/complete', { ref: { type: text }, argument: { name: text, value: '' } }),
  ],
  ['the name of an answer', (client, text) => client.call('asks', {}, { inputResponses: { [text]: 1 } })],
  ['a state', (client, text) => client.call('asks', {}, { requestState: text })],
  ['a progress token', (client, text) => client.call(text, {}, { _meta: { progressToken: text } })],
  [
    'a protocol version',
    (client, text) => client.call('echo', {}, { _meta: { 'io.modelcontextprotocol/protocolVersion': text } }),
  ],
  ['a version to begin with', (client, text) => client.request('initialize', { protocolVersion: text, capabilities: text })],
];

const options = { store: () => createMemoryStore() } as Partial<DaemonOptions>;

describe('the errors of a request', () => {
  it.each(requests)('repeat at most the beginning of a text that the client sent: %s', async (_, send) => {
    const daemon = daemonWith(functions, options);
    const clients = [await legacy(daemon), modern(daemon)];
    await fc.assert(
      fc.asyncProperty(longText, async (text) => {
        for (const client of clients) {
          const answer = JSON.stringify(await send(client, text));
          expect(answer).toMatch(/"error"|"isError"/);
          // In JSON a character may take six: 2,048 of a URI, and twice 200 in the message.
          expect(answer.length).toBeLessThan(6 * 2_500);
          const { message } = (JSON.parse(answer) as { error?: { message: string } }).error ?? { message: '' };
          expect(message.length).toBeLessThan(1_000);
          expect(() => encodeURIComponent(message)).not.toThrow(); // it throws where a character is cut in two
        }
      }),
      { numRuns: 15 },
    );
  });

  it('have a bounded message, whatever it is made of', () => {
    const { message } = toRpcError(new DaemonError('internal_error', 'x'.repeat(1_000_000)), 'modern');
    expect(message).toHaveLength(4_000);
    expect(quoted('y'.repeat(1_000))).toBe(`${'y'.repeat(199)}…`);
  });
});

/** Checks of what a function gets and returns besides plain values; a part of the contract of runners. */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import type { LinkBinding } from '../ports/definition.js';
import type { RunnerCheck, RunnerFixture } from './runner-support.js';
import { contextOf } from './runner-support.js';
import { until } from './until.js';

const MODULE = `
  const plain = ({ callId, subject, partition, inputs, state, variables, meta, traceparent, client, clientCapabilities, protocolVersion }) =>
    ({ callId, subject, partition, inputs, state, variables, meta, traceparent, client, clientCapabilities, protocolVersion });
  export const members = (input, context) => plain(context);
  export const progress = (input, { progress }) => { progress(1, 2, 'half'); progress(2, 2); return 'done'; };
  export const log = (input, { log }) => { log('warning', { disk: 'full' }, 'storage'); log('info', 'text'); return 'done'; };
  export const updated = (input, { resourceUpdated }) => { resourceUpdated('x://one'); return 'done'; };
  export const reason = (input, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve([signal.aborted, signal.reason.name])));
  export const throwsAtAbort = (input, { signal }) =>
    new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  export const asks = (input, { inputs }) => inputs.name ? 'Hello ' + inputs.name.content.name : {
    resultType: 'input_required',
    inputRequests: { name: { method: 'elicitation/create', params: { message: 'Your name?', requestedSchema: { type: 'object' } } } },
    state: { step: 1 },
  };
  export const echo = (input) => input;
  export const repeat = ({ text, times }) => text.repeat(times);
  export const bytes = ({ size }) => Buffer.alloc(size, 7);
  export const image = () => ({ data: new Uint8Array([1, 2, 3]), mimeType: 'image/png' });
  export const content = () => ({ content: [{ type: 'text', text: 'a' }, { type: 'image', data: Buffer.from([4, 5]), mimeType: 'image/png' }] });
  export const blob = () => new Blob(['<svg/>'], { type: 'image/svg+xml' });
  export const numbers = () => [0.1, -0, 1e21, Number.MAX_SAFE_INTEGER];
  export const big = () => 9007199254740993n;
  export const nan = () => NaN;
  export class Failure extends Error { name = 'Failure'; code = 'E_FAILED'; }
  export const fails = () => { throw new Failure('it failed', { cause: new Error('the cause') }); };
  export const throwsText = () => { throw 'only a text'; };
  export const fifty = async ({ index }) => { await new Promise((go) => setTimeout(go, 50 - index)); return index; };
`;

/** A fixture with a function that calls a function of the module. */
interface Bench extends RunnerFixture {
  call(name: string, input?: unknown, context?: object): Promise<unknown>;
}

function check(name: string, body: (bench: Bench) => Promise<void>): RunnerCheck {
  return {
    name,
    async run(open: () => Awaitable<RunnerFixture>) {
      const fixture = await open();
      try {
        await fixture.install('c', MODULE);
        const link = (function_name: string): LinkBinding => ({ ...fixture.link('c'), function_name, setting: {} });
        await body({
          ...fixture,
          call: async (of, input = {}, context = {}) => {
            const found = await fixture.runner.resolve(link(of), 'a');
            return found.call(input, { ...contextOf('a'), ...context });
          },
        });
      } finally {
        await fixture.runner.close?.();
      }
    },
  };
}

const bytesOf = (value: unknown): number[] => {
  assert.ok(ArrayBuffer.isView(value), 'the value is bytes');
  return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
};

/** Checks of contexts and values, of a runner whose modules are JavaScript. Run them beside `runnerContract`. */
export const runnerContextContract: readonly RunnerCheck[] = [
  check('the context has its call, its client and its request', async ({ call }) => {
    const given = {
      callId: 'call-7',
      subject: 'Zoë',
      inputs: { name: { action: 'accept', content: { name: 'Ada' } } },
      state: { step: [1, null] },
      variables: { number: '7' },
      meta: { progressToken: 1, custom: { deep: true } },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      client: { name: 'host', version: '1' },
      clientCapabilities: { elicitation: { form: {} } },
      protocolVersion: '2025-11-25',
    };
    assert.deepEqual(await call('members', {}, given), { ...given, partition: 'a' });
  }),

  check('progress and log messages arrive in their order, before the value', async ({ call }) => {
    const sent: unknown[] = [];
    const context = {
      progress: (...args: unknown[]) => sent.push(['progress', ...args.filter((arg) => arg !== undefined)]),
      log: (...args: unknown[]) => sent.push(['log', ...args.filter((arg) => arg !== undefined)]),
    };
    assert.equal(await call('progress', {}, context), 'done');
    assert.deepEqual(sent.splice(0), [
      ['progress', 1, 2, 'half'],
      ['progress', 2, 2],
    ]);
    assert.equal(await call('log', {}, context), 'done');
    assert.deepEqual(sent, [
      ['log', 'warning', { disk: 'full' }, 'storage'],
      ['log', 'info', 'text'],
    ]);
  }),

  check('a changed resource is reported', async ({ call }) => {
    const uris: string[] = [];
    await call('updated', {}, { resourceUpdated: (uri: string) => uris.push(uri) });
    await until(() => uris.length > 0, 'the notification'); // it may arrive after the value
    assert.deepEqual(uris, ['x://one']);
  }),

  check('the signal is aborted with an AbortError, which a function may throw', async ({ call }) => {
    const over = new AbortController();
    const running = [call('reason', {}, { signal: over.signal }), call('throwsAtAbort', {}, { signal: over.signal })];
    const settled = Promise.allSettled(running);
    await call('echo'); // both run by now
    over.abort(new DOMException('over', 'AbortError'));
    const [reason, thrown] = await settled;
    assert.deepEqual(reason, { status: 'fulfilled', value: [true, 'AbortError'] });
    assert.equal(thrown?.status, 'rejected');
  }),

  check('a function can ask for input, and gets the answers', async ({ call }) => {
    const asked = (await call('asks')) as { resultType: string; inputRequests: { name: { method: string } }; state: unknown };
    assert.equal(asked.resultType, 'input_required');
    assert.equal(asked.inputRequests.name.method, 'elicitation/create');
    assert.deepEqual(asked.state, { step: 1 });
    const inputs = { name: { action: 'accept', content: { name: 'Ada' } } };
    assert.equal(await call('asks', {}, { inputs }), 'Hello Ada');
  }),

  check('large values arrive whole, in both directions and at the same time', async ({ call }) => {
    const text = 'ü'.repeat(1_000_000);
    const [echoed, repeated, small] = await Promise.all([
      call('echo', { text, list: [text.slice(0, 300_000)] }),
      call('repeat', { text: 'ab', times: 2_000_000 }),
      call('echo', 'small'),
    ]);
    assert.deepEqual(echoed, { text, list: [text.slice(0, 300_000)] });
    assert.equal(repeated, 'ab'.repeat(2_000_000));
    assert.equal(small, 'small');
  }),

  check('bytes arrive as bytes, wherever results have them', async ({ call }) => {
    assert.deepEqual(bytesOf(await call('bytes', { size: 5 })), [7, 7, 7, 7, 7]);
    assert.deepEqual(bytesOf(await call('bytes', { size: 0 })), []);
    assert.equal(bytesOf(await call('bytes', { size: 1_000_000 })).length, 1_000_000);
    const image = (await call('image')) as { data: unknown; mimeType: string };
    assert.deepEqual([bytesOf(image.data), image.mimeType], [[1, 2, 3], 'image/png']);
    const { content } = (await call('content')) as { content: { data?: unknown }[] };
    assert.deepEqual(bytesOf(content[1]?.data), [4, 5]);
    const blob = await call('blob');
    assert.ok(blob instanceof Blob, 'a Blob arrives as a Blob');
    assert.deepEqual([blob.type, await blob.text()], ['image/svg+xml', '<svg/>']);
  }),

  check('numbers keep their values', async ({ call }) => {
    assert.deepEqual(JSON.stringify(await call('numbers')), '[0.1,0,1e+21,9007199254740991]');
    assert.equal(await call('big'), 9007199254740993n);
    assert.ok(Number.isNaN(await call('nan')));
  }),

  check('an error arrives with its name, its code and its cause', async ({ call }) => {
    await assert.rejects(call('fails'), (error: Error & { code?: unknown }) => {
      assert.deepEqual([error.name, error.message, error.code], ['Failure', 'it failed', 'E_FAILED']);
      const { cause } = error;
      assert.equal(cause instanceof Error ? cause.message : cause, 'the cause');
      return true;
    });
    const thrown: unknown = await call('throwsText').catch((error: unknown) => error);
    assert.equal(thrown instanceof Error ? thrown.message : thrown, 'only a text');
  }),

  check('many calls at the same time get each its own answer', async ({ call }) => {
    const indexes = Array.from({ length: 50 }, (_, index) => index);
    assert.deepEqual(await Promise.all(indexes.map((index) => call('fifty', { index }))), indexes);
  }),
];

/**
 * What any {@link Runner} of JavaScript modules must do, as data. Run each check with your test runner.
 *
 * ```js
 * for (const check of runnerContract) test(check.name, () => check.run(openRunner));
 * ```
 */
import assert from 'node:assert/strict';

import type { JsonObject } from '../base/json.js';
import type { LinkBinding } from '../ports/definition.js';
import type { ResolvedFunction } from '../ports/runner.js';
import type { ErrorCode } from '../protocol/errors.js';
import type { RunnerCheck, RunnerFixture } from './runner-support.js';
import { contextOf } from './runner-support.js';

export type { RunnerCheck, RunnerFixture } from './runner-support.js';

/** The module that most checks call. */
const MODULE = `
  let count = 0;
  export const echo = (input, context) => ({ input, partition: context.partition, callId: context.callId });
  export const next = () => (count += 1);
  export const later = async (input) => { await new Promise((resolve) => setTimeout(resolve, 5)); return [input]; };
  export const nothing = () => {};
  export const fails = () => { throw new Error('it failed at once'); };
  export const failsLater = async () => { throw new Error('it failed later'); };
  export const waits = (input, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve('the signal was aborted')));
  export const number = 5;
  export class Counter {
    constructor({ setting, partition, logger }) {
      Object.assign(this, { setting, partition, hasLogger: typeof logger.warn === 'function', count: 0 });
    }
    next() { return (this.count += 1); }
    async describe() { return { setting: this.setting, partition: this.partition, hasLogger: this.hasLogger }; }
  }
  export class Broken {
    constructor() { throw new Error('no connection'); }
    run() {}
  }
`;

/** A module whose functions return its version: at once, or when the signal is aborted. */
const versioned = (version: number): string => `
  export const now = () => ${version};
  export const whenAborted = (input, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(${version})));
`;

/** Copies a value as plain data: a runner's objects may come from another realm or through a pipe. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** A fixture with the module `m`, and helpers. */
interface Bench extends RunnerFixture {
  linkTo(function_name: string, more?: Partial<LinkBinding>, module?: string): LinkBinding;
  resolve(link: LinkBinding, partition?: string): Promise<ResolvedFunction>;
  /** Resolves a function and calls it. */
  call(link: LinkBinding, input?: unknown, partition?: string): Promise<unknown>;
}

function benchOf(fixture: RunnerFixture): Bench {
  const resolve = async (link: LinkBinding, partition = 'a'): Promise<ResolvedFunction> =>
    fixture.runner.resolve(link, partition);
  return {
    ...fixture,
    resolve,
    linkTo: (function_name, more = {}, module = 'm') => ({ ...fixture.link(module), function_name, setting: {}, ...more }),
    async call(link, input, partition = 'a') {
      const found = await resolve(link, partition);
      return plain(await found.call(input, contextOf(partition)));
    },
  };
}

function check(name: string, body: (bench: Bench) => Promise<void>): RunnerCheck {
  return {
    name,
    async run(open) {
      const fixture = await open();
      try {
        await fixture.install('m', MODULE);
        await body(benchOf(fixture));
      } finally {
        await fixture.runner.close?.();
      }
    },
  };
}

async function failsWith(code: ErrorCode, action: () => Promise<unknown>): Promise<void> {
  await assert.rejects(action, { name: 'DaemonError', code });
}

const calling: RunnerCheck[] = [
  check('a resolved function is called with its input and its context', async ({ call, linkTo }) => {
    const input: JsonObject = { text: 'Zürich ☀️', list: [1, null, { deep: true }] };
    assert.deepEqual(await call(linkTo('echo'), input), { input, partition: 'a', callId: 'call-1' });
    assert.deepEqual(await call(linkTo('echo'), 'x://uri'), { input: 'x://uri', partition: 'a', callId: 'call-1' });
  }),

  check('the call returns what the function returns: a value, a promise or undefined', async ({ call, linkTo }) => {
    assert.deepEqual(await call(linkTo('later'), 7), [7]);
    assert.equal(await call(linkTo('nothing')), undefined);
  }),

  check('the call throws what the function throws, with its message', async ({ resolve, linkTo }) => {
    for (const [name, message] of [
      ['fails', 'it failed at once'],
      ['failsLater', 'it failed later'],
    ] as const) {
      const found = await resolve(linkTo(name));
      await assert.rejects(async () => void (await found.call({}, contextOf('a'))), { message });
      await assert.rejects(async () => void (await found.call({}, contextOf('a'))), { message });
    }
  }),

  check('the function gets the signal of its call', async ({ resolve, linkTo }) => {
    const over = new AbortController();
    const found = await resolve(linkTo('waits'));
    const running = Promise.resolve(found.call({}, contextOf('a', over.signal)));
    over.abort();
    assert.equal(await running, 'the signal was aborted');
  }),

  check('an accepted link can be resolved, and the digest is text or null', async (bench) => {
    const { runner, resolve, linkTo, digests } = bench;
    assert.equal(runner.accepts(linkTo('echo')), true);
    const { digest } = await resolve(linkTo('echo'));
    if (digests) assert.ok(typeof digest === 'string' && digest.length > 0);
    else assert.equal(digest, null);
    assert.equal((await resolve(linkTo('next'))).digest, digest);
  }),
];

const sharing: RunnerCheck[] = [
  check('functions of one module share its state', async ({ call, linkTo }) => {
    assert.deepEqual([await call(linkTo('next')), await call(linkTo('next'))], [1, 2]);
  }),

  check('a class is built once per module and setting', async ({ call, linkTo }) => {
    const counter = (setting: JsonObject): LinkBinding => linkTo('next', { class_name: 'Counter', setting });
    assert.deepEqual([await call(counter({})), await call(counter({})), await call(counter({ from: 'b' }))], [1, 2, 1]);
    const at = linkTo('describe', { class_name: 'Counter', setting: { region: 'eu', list: [1] } });
    assert.deepEqual(await call(at), { setting: { region: 'eu', list: [1] }, partition: 'a', hasLogger: true });
  }),

  check('calls at the same time build a class once', async ({ call, linkTo }) => {
    const links = [1, 2, 3].map(() => linkTo('next', { class_name: 'Counter' }));
    const counts = await Promise.all(links.map((link) => call(link)));
    assert.deepEqual(counts.map(Number).sort(), [1, 2, 3]);
  }),

  check('partitions share no class instance', async ({ call, linkTo }) => {
    const link = linkTo('next', { class_name: 'Counter' });
    const counts: unknown[] = [];
    for (const partition of ['a', 'b', 'a', 'b']) counts.push(await call(link, {}, partition));
    assert.deepEqual(counts, [1, 1, 2, 2]);
    const described = linkTo('describe', { class_name: 'Counter' });
    assert.deepEqual(await call(described, {}, 'b'), { setting: {}, partition: 'b', hasLogger: true });
  }),
];

const changing: RunnerCheck[] = [
  check('after forget new calls use the new code, and running calls end on the old code', async (bench) => {
    const { install, linkTo, resolve, runner, call } = bench;
    await install('v', versioned(1));
    const [now, whenAborted] = [linkTo('now', {}, 'v'), linkTo('whenAborted', {}, 'v')];
    assert.equal(await call(now), 1);
    const over = new AbortController();
    const old = await resolve(whenAborted);
    const running = Promise.resolve(old.call({}, contextOf('a', over.signal)));
    await install('v', versioned(2));
    runner.forget((link) => link.module_name === now.module_name);
    assert.equal(await call(now), 2);
    over.abort();
    assert.equal(await running, 1);
  }),

  check('forget drops only the code of the given link and partition', async ({ call, linkTo, runner }) => {
    const link = linkTo('next', { class_name: 'Counter' });
    const count = async (): Promise<unknown[]> => [await call(link, {}, 'a'), await call(link, {}, 'b')];
    assert.deepEqual(await count(), [1, 1]);
    runner.forget(() => false);
    assert.deepEqual(await count(), [2, 2]);
    runner.forget((_link, partition) => partition === 'b');
    assert.deepEqual(await count(), [3, 1]);
    runner.forget(() => true);
    assert.deepEqual(await count(), [1, 1]);
  }),

  check('different code has a different digest', async ({ install, linkTo, resolve, runner, digests }) => {
    if (!digests) return;
    await install('v', versioned(1));
    const { digest } = await resolve(linkTo('now', {}, 'v'));
    await install('v', versioned(2));
    runner.forget(() => true);
    assert.notEqual((await resolve(linkTo('now', {}, 'v'))).digest, digest);
  }),
];

const failing: RunnerCheck[] = [
  check('a missing module is module_not_found, until it exists', async ({ call, install, linkTo }) => {
    const link = linkTo('now', {}, 'absent');
    await failsWith('module_not_found', () => call(link));
    await install('absent', versioned(1));
    assert.equal(await call(link), 1);
  }),

  check('a module that throws while it is loaded is module_failed, until it is repaired', async (bench) => {
    const { call, install, linkTo } = bench;
    await install('bad', `throw new Error('not today');`);
    await failsWith('module_failed', () => call(linkTo('now', {}, 'bad')));
    await install('bad', versioned(1));
    assert.equal(await call(linkTo('now', {}, 'bad')), 1);
  }),

  check('a class that cannot be built is module_failed', async ({ call, linkTo }) => {
    await failsWith('module_failed', () => call(linkTo('run', { class_name: 'Broken' })));
  }),

  check('a missing function, class or method is function_not_found', async ({ call, linkTo }) => {
    const absent: LinkBinding[] = [
      linkTo('absent'),
      linkTo('number'),
      linkTo('Counter'),
      linkTo('run', { class_name: 'Absent' }),
      linkTo('run', { class_name: 'number' }),
      linkTo('absent', { class_name: 'Counter' }),
    ];
    for (const link of absent) await failsWith('function_not_found', () => call(link));
  }),

  check('close may be called twice', async ({ runner, call, linkTo }) => {
    await call(linkTo('next'));
    await runner.close?.();
    await runner.close?.();
  }),
];

/** All checks of a {@link Runner} that runs JavaScript modules. */
export const runnerContract: readonly RunnerCheck[] = [...calling, ...sharing, ...changing, ...failing];

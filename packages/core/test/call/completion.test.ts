import { jest } from '@jest/globals';

import { until } from '../../../../tests/until.js';
import type { CompletionFunction, JsonObject } from '../../src/index.js';
import { definePrompt, defineResource } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, errorOf, legacy, memoryLogger, modern, resultOf, stopClock } from '../support.js';

const cities = ['Rome', 'Oslo', 'Romont', 'Prome', 'Oxford'];
const prompt = (completions?: readonly string[] | CompletionFunction): ReturnType<typeof definePrompt> =>
  definePrompt({
    name: 'trip',
    arguments: [{ name: 'city', ...(completions && { completions }) }, { name: 'plain' }],
    run: () => '',
  });
const template = defineResource({
  name: 'city',
  uriTemplate: 'city://{name}/{tab}',
  completions: { name: cities },
  run: (uri) => uri,
});

const complete = (client: Client, value: unknown, more: JsonObject = {}): ReturnType<Client['request']> =>
  client.request('completion/complete', {
    ref: { type: 'ref/prompt', name: 'trip' },
    argument: { name: 'city', value },
    ...more,
  });
const completed = async (client: Client, value: string, more: JsonObject = {}): Promise<unknown> =>
  resultOf(await complete(client, value, more))['completion'];

describe('completion from a list', () => {
  it.each<[string, string[]]>([
    ['', cities],
    ['ro', ['Rome', 'Romont', 'Prome']],
    ['O', ['Oslo', 'Oxford', 'Rome', 'Romont', 'Prome']],
    ['xyz', []],
  ])('"%s": values that start with it, then values that contain it', async (typed, values) => {
    expect(await completed(modern(daemonWith([prompt(cities)])), typed)).toEqual({
      values,
      total: values.length,
      hasMore: false,
    });
  });

  it('gives at most a hundred values, and says that there are more', async () => {
    const many = Array.from({ length: 150 }, (_, index) => `value-${index}`);
    expect(await completed(modern(daemonWith([prompt(many)])), 'value')).toEqual({
      values: many.slice(0, 100),
      total: 150,
      hasMore: true,
    });
  });

  it('is for variables of resource templates, too', async () => {
    const client = await legacy(daemonWith([template]));
    const ref = { type: 'ref/resource', uri: 'city://{name}/{tab}' };
    expect(await completed(client, '', { ref, argument: { name: 'name', value: 'Os' } })).toEqual({
      values: ['Oslo'],
      total: 1,
      hasMore: false,
    });
    expect(await completed(client, '', { ref, argument: { name: 'tab', value: '' } })).toEqual({
      values: [],
      total: 0,
      hasMore: false,
    });
  });

  it('is empty if there is no completion', async () => {
    const fixed = defineResource({ name: 'fixed', uri: 'x://fixed', run: () => '' });
    const client = modern(daemonWith([prompt(), fixed]));
    expect(await completed(client, 'x')).toEqual({ values: [], total: 0, hasMore: false });
    expect(await completed(client, '', { ref: { type: 'ref/resource', uri: 'x://fixed' } })).toEqual({
      values: [],
      total: 0,
      hasMore: false,
    });
  });
});

describe('completion from a function', () => {
  it('gets the typed text and the other arguments', async () => {
    const seen: unknown[] = [];
    const client = modern(
      daemonWith([
        prompt(async (value, { variables, partition, signal }) => {
          seen.push([value, variables, partition, signal.aborted]);
          return Promise.resolve(['a', 'b']);
        }),
      ]),
    );
    expect(await completed(client, 'ty', { context: { arguments: { plain: 'p', n: 5 } } })).toEqual({
      values: ['a', 'b'],
      total: 2,
      hasMore: false,
    });
    await completed(client, 'ty', { context: 'nonsense' });
    expect(seen).toEqual([
      ['ty', { plain: 'p', n: '5' }, 'default', false],
      ['ty', {}, 'default', false],
    ]);
  });

  it('may return a total above the number of its values', async () => {
    const client = modern(daemonWith([prompt((() => ({ values: [1, 2], total: 500 })) as unknown as CompletionFunction)]));
    expect(await completed(client, '')).toEqual({ values: ['1', '2'], total: 500, hasMore: true });
    const few = modern(daemonWith([prompt((() => ({ values: ['a', 'b'], total: 1 })) as unknown as CompletionFunction)]));
    expect(await completed(few, '')).toEqual({ values: ['a', 'b'], total: 2, hasMore: false });
  });

  it.each<[string, CompletionFunction]>([
    [
      'throws',
      () => {
        throw new Error('secret of the inside');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret of the inside'))],
    ['gives no list', (() => 'values') as unknown as CompletionFunction],
    ['takes too long', () => new Promise(() => {})],
  ])('that %s is an error, and the log has the reason', async (_what, completions) => {
    const { logger, lines } = memoryLogger();
    const client = modern(daemonWith([prompt(completions)], { logger, limits: { timeoutMs: 20 } }));
    expect(errorOf(await complete(client, 'x'))).toEqual({
      code: -32603,
      message: 'The completion of "city" failed. The server\'s log says why.',
    });
    expect(lines).toMatchObject([{ level: 'error', fields: { argument: 'city', error: expect.any(String) as string } }]);
  });

  it('that throws leaves no unhandled rejection', async () => {
    const pass = stopClock();
    const client = modern(
      daemonWith(
        [
          prompt(() => {
            throw new Error('no');
          }),
        ],
        { limits: { timeoutMs: 10 } },
      ),
    );
    expect(errorOf(await complete(client, 'x')).code).toBe(-32603);
    await pass(30); // its time limit; an unhandled rejection fails the test
  });

  it('ends when it is cancelled, unanswered', async () => {
    let signal: AbortSignal | undefined;
    const client = modern(
      daemonWith([
        prompt((_value, context) => {
          signal = context.signal;
          return new Promise(() => {});
        }),
      ]),
    );
    const answer = client.request(
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'trip' }, argument: { name: 'city', value: '' } },
      'x',
    );
    await until(() => signal, 'the function begins');
    client.cancel('x');
    expect(await answer).toBeUndefined();
    expect(signal?.aborted).toBe(true);
  });
});

describe('a completion that makes no sense', () => {
  it.each<[string, JsonObject]>([
    ['no reference', { ref: undefined }],
    ['a reference that is none', { ref: 'trip' }],
    ['a reference to something else', { ref: { type: 'ref/tool', name: 'trip' } }],
    ['an unknown prompt', { ref: { type: 'ref/prompt', name: 'nothing' } }],
    ['an unknown template', { ref: { type: 'ref/resource', uri: 'nothing://{x}' } }],
    ['an unknown argument', { argument: { name: 'nothing', value: '' } }],
    ['no argument', { argument: undefined }],
    ['an argument without a name', { argument: { value: '' } }],
    ['a value that is no string', { argument: { name: 'city', value: 5 } }],
  ])('is -32602: %s', async (_what, more) => {
    const client = modern(daemonWith([prompt(cities), template]));
    expect(errorOf(await complete(client, 'x', more)).code).toBe(-32602);
  });
});

describe('a completion that has ended', () => {
  it('leaves no timer and no listener behind', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout'); // has no end of its own but its time
    const began = jest.spyOn(globalThis, 'setTimeout');
    const ended = jest.spyOn(globalThis, 'clearTimeout');
    await completed(modern(daemonWith([prompt((value) => [value])])), 'x');
    expect(timeout).not.toHaveBeenCalled();
    for (const { value } of began.mock.results) expect(ended).toHaveBeenCalledWith(value);
    jest.restoreAllMocks();
  });

  it.each([
    ['a name that is no string', { ref: { type: 'ref/prompt', name: { toString: 1 } } }],
    ['a URI that is no string', { ref: { type: 'ref/resource', uri: { toString: 1 } } }],
  ])('%s is refused with a clear message', async (_what, more) => {
    const { logger, of } = memoryLogger();
    expect(errorOf(await complete(modern(daemonWith([prompt(cities)], { logger })), 'x', more))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('must be a string') as unknown,
    });
    expect(of('error')).toEqual([]);
  });

  it('is given the other arguments that are strings', async () => {
    const completions: CompletionFunction = (_value, { variables }) => [JSON.stringify(variables)];
    const client = modern(daemonWith([prompt(completions)]));
    const more = { context: { arguments: { country: 'NO', odd: { toString: 1 } } } };
    expect(await completed(client, 'x', more)).toMatchObject({ values: ['{"country":"NO"}'] });
  });
});

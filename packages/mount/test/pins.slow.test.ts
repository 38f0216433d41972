import type { StateStore } from '@mcp-daemon/core';
import { createMemoryState } from '@mcp-daemon/core';

import { until } from '../../../tests/until.js';
import type { Bench } from './support.js';
import { closeBenches, fake, openBench } from './support.js';

afterEach(closeBenches);

const open = (pin: 'off' | 'warn' | 'block', state: StateStore, ...words: string[]): Bench =>
  openBench({ mcpServers: { fake: { ...fake(...words), pin } } }, { mounts: { state: () => Promise.resolve(state) } });

async function names(bench: Bench): Promise<string[]> {
  const client = await bench.client();
  return (await client.listTools()).tools.map(({ name }) => name);
}

describe('what a mounted server offers', () => {
  it('is approved at its first start, and stored', async () => {
    const state = createMemoryState();
    const bench = open('block', state);
    expect(await names(bench)).toContain('fake_echo');
    const entry = await state.get('default', 'pin/fake');
    expect(JSON.parse(entry?.value ?? '')).toMatchObject({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      approved_by: null,
      offer: {
        tools: expect.arrayContaining([expect.objectContaining({ name: 'echo', description: 'Says it again' })]) as unknown,
      },
    });
    expect(bench.mounts.changes('fake')).toEqual([]);
  });

  it('is not served where it has changed, until it is approved', async () => {
    const state = createMemoryState();
    const first = open('block', state);
    await names(first);
    await first.close();

    const second = open('block', state, 'renewed');
    const served = await names(second);
    expect(served).toContain('fake_slow');
    expect(served).not.toContain('fake_echo'); // its description is another one
    expect(served).not.toContain('fake_added');
    expect(second.daemon.stats().servers).toMatchObject([{ changes: 2 }]);
    expect(second.mounts.changes('fake')).toEqual([
      expect.objectContaining({ kind: 'added', name: 'added' }),
      expect.objectContaining({
        kind: 'changed',
        path: '$.tools.echo.description',
        before: 'Says it again',
        after: 'Says it again, version 2',
      }),
    ]);
    expect(second.log.some(({ message }) => message.includes('what differs is not served'))).toBe(true);

    // Another process approves it.
    const other = open('block', state, 'renewed');
    await names(other);
    expect(await other.mounts.approve('fake', 'an operator')).toBe(true);
    await other.close();
    await until(() => second.mounts.changes('fake')?.length === 0, 'the approval');
    expect(await names(second)).toEqual(expect.arrayContaining(['fake_echo', 'fake_added']));
  });

  it('is served and logged with "warn"', async () => {
    const state = createMemoryState();
    const first = open('warn', state);
    await names(first);
    await first.close();
    const second = open('warn', state, 'renewed');
    expect(await names(second)).toEqual(expect.arrayContaining(['fake_echo', 'fake_added']));
    expect(second.log.filter(({ message }) => message.includes('does not offer what was approved: it is served'))).toHaveLength(
      1,
    );
  });

  it('is not served with "block" if the approvals cannot be read', async () => {
    const broken = { get: () => Promise.reject(new Error('the disk is full')) } as unknown as StateStore;
    const bench = open('block', broken);
    expect(await names(bench)).toEqual([]);
    expect(bench.mounts.status()[0]?.failure).toContain('what was approved of it cannot be read: the disk is full');
  });
});

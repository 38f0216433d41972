/** Newer code takes the place of older code while calls run, if it can be loaded. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { tempFolder } from '../../../tests/temp-folder.js';
import { until } from '../../../tests/until.js';
import { allGone, contextOf, filesLocator, isAlive, openRunner } from './support.js';

const version = (number: number, more = ''): string => `
  export const now = () => ${number};
  export const whenAborted = (input, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(${number})));
  export const pid = () => process.pid;
  ${more}
`;

describe('newer code', () => {
  it('is seen while calls come, and takes new calls only when it is loaded', async () => {
    const { resolve, write, logged, runner } = await openRunner(version(1), { refreshMs: 20 });
    const [now, whenAborted] = [await resolve('now'), await resolve('whenAborted')];
    const digest = now.digest;
    const over = new AbortController();
    const running = Promise.resolve(whenAborted.call({}, contextOf({ signal: over.signal })));
    expect(await now.call({}, contextOf())).toBe(1);
    const [begun, go] = [join(tempFolder(), 'begun'), join(tempFolder(), 'go')];
    const waiting = `
      import { existsSync, writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(begun)}, '');
      while (!existsSync(${JSON.stringify(go)})) await new Promise((look) => setTimeout(look, 5));
    `;
    write(version(2, waiting));
    const seen = new Set<unknown>();
    await until(async () => {
      seen.add(await now.call({}, contextOf()));
      return existsSync(begun);
    }, 'the new code is being loaded');
    for (let count = 0; count < 10; count += 1) seen.add(await now.call({}, contextOf()));
    expect([...seen]).toEqual([1]);
    writeFileSync(go, '');
    await logged(/calls run its new code now/);
    expect(await now.call({}, contextOf())).toBe(2);
    expect(now.digest).not.toBe(digest);
    over.abort();
    expect(await running).toBe(1);
    expect(runner.counts()).toMatchObject({ swaps: 1, failedSwaps: 0, outdated: 0, crashes: 0 });
  });

  it.each([
    ['throws while it is loaded', `throw new Error('not today');`],
    ['cannot be parsed', 'this is no code'],
    ['ends its process while it is loaded', 'process.exit(1);'],
  ])('that %s does not take the place of code that works', async (_, code) => {
    const { resolve, write, logged, runner, call } = await openRunner(version(1), { refreshMs: 10 });
    const now = await resolve('now');
    write(code);
    runner.forget(() => true);
    expect(await call('now')).toBe(1);
    await logged(/its old code goes on running, because the new one cannot be used/);
    expect(await now.call({}, contextOf())).toBe(1);
    expect(runner.counts()).toMatchObject({ swaps: 0, outdated: 1 });
    write(version(3));
    await until(async () => (await now.call({}, contextOf())) === 3, 'the repaired code');
    expect(runner.counts()).toMatchObject({ swaps: 1, outdated: 0 });
  });

  it('is not run as older code by a process that starts after it was written: calls get it as what it is', async () => {
    const { resolve, write, runner, call } = await openRunner(version(1), { refreshMs: 1e9, spare: false });
    const now = await resolve('now');
    const digest = now.digest;
    const end = async (): Promise<void> => {
      const pid = (await call('pid')) as number;
      process.kill(pid, 'SIGKILL');
      await allGone([pid]);
    };
    await end();
    write(version(2));
    expect(await now.call({}, contextOf())).toBe(2);
    expect(now.digest).not.toBe(digest);
    expect(runner.counts()).toMatchObject({ swaps: 1, outdated: 0 });
    await end();
    write('this is no code');
    await expect(now.call({}, contextOf())).rejects.toThrow(
      /^module "m": its code has changed, and the new code cannot be used: module "m" could not be loaded: /,
    );
    write(version(2));
    expect(await now.call({}, contextOf())).toBe(2);
    expect(runner.counts()).toMatchObject({ swaps: 1 });
  });

  it('that is written while its process starts is run as what it is', async () => {
    const first = await openRunner(version(1), {}, {});
    const locator = filesLocator(first.base);
    let writes = 0;
    const { resolve } = await openRunner(
      '',
      {},
      {
        locators: [
          {
            ...locator,
            async locate(link, partition) {
              const found = await locator.locate(link, partition);
              if ((writes += 1) === 1) first.write(version(2)); // after its digest was taken
              return found;
            },
          },
        ],
      },
    );
    const now = await resolve('now');
    expect(await now.call({}, contextOf())).toBe(2);
    expect(now.digest).toBe((await locator.locate(first.link('now'), 'a')).digest);
  });

  it('loads all functions that were in use before it takes calls', async () => {
    const { resolve, write, runner } = await openRunner(version(1));
    const names = ['now', 'pid', 'whenAborted'];
    const before = await Promise.all(names.map((name) => resolve(name)));
    write(version(2));
    runner.forget(() => true);
    await resolve('now');
    expect(await Promise.all([before[0]!.call({}, contextOf()), before[1]!.call({}, contextOf())])).toEqual([
      2,
      expect.any(Number),
    ]);
  });

  it('lets the old process end after its last call', async () => {
    const { resolve, write, runner, call } = await openRunner(version(1), { spare: false });
    const over = new AbortController();
    const old = (await call('pid')) as number;
    const running = Promise.resolve((await resolve('whenAborted')).call({}, contextOf({ signal: over.signal })));
    await call('now'); // the call before it has begun
    write(version(2));
    runner.forget(() => true);
    expect(await call('now')).toBe(2);
    expect(isAlive(old)).toBe(true);
    over.abort();
    expect(await running).toBe(1);
    await allGone([old]);
  });
});

describe('processes of modules', () => {
  it('are apart by partition, and shared by the functions of one module', async () => {
    const { resolve } = await openRunner(version(1));
    const pid = async (partition: string): Promise<unknown> =>
      (await resolve('pid', {}, partition)).call({}, contextOf({ partition }));
    const [a, b] = [await pid('a'), await pid('b')];
    expect(a).not.toBe(b);
    expect(await pid('a')).toBe(a);
  });

  it('make room for each other within the limit of the partition', async () => {
    const { resolve, write, runner } = await openRunner(version(1), { maxChildren: 2, spare: false });
    for (const module of ['x', 'y', 'z']) {
      write(version(1), module);
      const found = await resolve('now', { module_name: module });
      expect(await found.call({}, contextOf())).toBe(1);
      expect(runner.counts().children).toBeLessThanOrEqual(2);
    }
    expect(await (await resolve('now', { module_name: 'x' })).call({}, contextOf())).toBe(1);
  });
});

import { createCache } from '../../src/base/cache.js';

/** A promise and what settles it. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** Counts its loads: the value is `<key><number of loads>`. */
function loader(): { load: (key: string) => () => string; loads: string[] } {
  const loads: string[] = [];
  return { loads, load: (key) => () => `${key}${loads.push(key)}` };
}

describe('the cache', () => {
  it('loads a value once, and then serves it without a promise', () => {
    const cache = createCache<string>();
    const { load, loads } = loader();
    expect(cache.get('a', load('a'))).toBe('a1');
    expect(cache.get('a', load('a'))).toBe('a1');
    expect(loads).toEqual(['a']);
  });

  it('loads again when an entry has expired, and not before', () => {
    let now = 1_000;
    const cache = createCache<string>({ ttlMs: 100, now: () => now });
    const { load } = loader();
    void cache.get('a', load('a'));
    now += 99;
    expect(cache.get('a', load('a'))).toBe('a1');
    now += 1;
    expect(cache.get('a', load('a'))).toBe('a2');
  });

  it('keeps entries for half an hour by default', () => {
    let now = 0;
    const cache = createCache<string>({ now: () => now });
    const { load } = loader();
    void cache.get('a', load('a'));
    now = 30 * 60_000 - 1;
    expect(cache.get('a', load('a'))).toBe('a1');
    now += 1;
    expect(cache.get('a', load('a'))).toBe('a2');
  });

  it('shares one load between requests in flight', async () => {
    const cache = createCache<string>();
    const { promise, resolve } = deferred<string>();
    let loads = 0;
    const load = (): Promise<string> => {
      loads += 1;
      return promise;
    };
    const both = Promise.all([cache.get('a', load), cache.get('a', load)]);
    resolve('value');
    expect(await both).toEqual(['value', 'value']);
    expect(loads).toBe(1);
    expect(cache.get('a', load)).toBe('value'); // no promise any more
  });

  it('does not keep a load that failed', async () => {
    const cache = createCache<string>();
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(cache.size).toBe(0);
    expect(cache.get('a', () => 'up')).toBe('up');
  });

  it('does not keep a load that threw', () => {
    const cache = createCache<string>();
    expect(() =>
      cache.get('a', () => {
        throw new Error('down');
      }),
    ).toThrow('down');
    expect(cache.size).toBe(0);
  });

  it('does not keep a load that was purged while it was in flight', async () => {
    const cache = createCache<string>();
    const { promise, resolve } = deferred<string>();
    const old = cache.get('a', () => promise);
    cache.purge('a');
    expect(cache.get('a', () => 'new')).toBe('new');
    resolve('old');
    expect(await old).toBe('old');
    expect(cache.get('a', () => 'newer')).toBe('new');
  });

  it('keeps the newer load if an older one fails after its purge', async () => {
    const cache = createCache<string>();
    const { promise, reject } = deferred<string>();
    const old = cache.get('a', () => promise);
    cache.purge('a');
    void cache.get('a', () => 'new');
    reject(new Error('late'));
    await expect(old).rejects.toThrow('late');
    expect(cache.get('a', () => 'other')).toBe('new');
  });

  it('purges only a key and all its children, at any depth', () => {
    const cache = createCache<string>();
    for (const [key, ...parents] of [['module'], ['function', 'module'], ['calls', 'function'], ['other']] as const) {
      void cache.get(key, () => 'old', ...parents);
    }
    cache.purge('module');
    const now = ['module', 'function', 'calls', 'other'].map((key) => cache.get(key, () => 'new'));
    expect(now).toEqual(['new', 'new', 'new', 'old']);
  });

  it('keeps the parent and siblings of a purged key', () => {
    const cache = createCache<string>();
    void cache.get('module', () => 'old');
    void cache.get('a', () => 'old', 'module');
    void cache.get('b', () => 'old', 'module');
    cache.purge('a');
    expect(['module', 'a', 'b'].map((key) => cache.get(key, () => 'new'))).toEqual(['old', 'new', 'old']);
  });

  it('ends a purge of parents that form a circle', () => {
    const cache = createCache<string>();
    void cache.get('a', () => 'old', 'b');
    void cache.get('b', () => 'old', 'a');
    cache.purge('a');
    expect(cache.size).toBe(0);
  });

  it('purges the children of a parent without an entry', () => {
    const cache = createCache<string>();
    void cache.get('child', () => 'old', 'parent');
    cache.purge('parent');
    expect(cache.size).toBe(0);
  });

  it('drops the oldest entry when it is full', () => {
    const cache = createCache<string>({ maxEntries: 2 });
    void cache.get('a', () => 'old');
    void cache.get('b', () => 'old', 'parent');
    void cache.get('c', () => 'old', 'parent');
    expect(cache.size).toBe(2);
    expect(cache.get('b', () => 'new')).toBe('old');
    expect(cache.get('a', () => 'new')).toBe('new');
  });

  it('drops everything when it is cleared', () => {
    const cache = createCache<string>();
    void cache.get('a', () => 'old');
    void cache.get('b', () => 'old', 'a');
    cache.clear();
    expect(cache.size).toBe(0);
    expect(cache.get('b', () => 'new')).toBe('new');
  });
});

describe('a cache that gives what has expired', () => {
  const TIMES = { ttlMs: 100, staleMs: 50, rescueMs: 50, keepAfter: (error: unknown) => String(error).includes('down') };
  const down = (): never => {
    throw new Error('down');
  };

  it('gives the old value at once while one load replaces it', async () => {
    let now = 0;
    const cache = createCache<string>({ ...TIMES, now: () => now });
    await cache.get('a', () => Promise.resolve('old'));
    now = 100;
    const { promise, resolve } = deferred<string>();
    let loads = 0;
    const load = (): Promise<string> => {
      loads += 1;
      return promise;
    };
    expect([cache.get('a', load), cache.get('a', load)]).toEqual(['old', 'old']);
    expect(loads).toBe(1);
    resolve('new');
    await promise;
    await Promise.resolve();
    expect(cache.get('a', load)).toBe('new');
    expect(cache.stats()).toEqual({ hits: 3, stale: 2, misses: 1, failures: 0, entries: 1, oldestMs: 0 });
  });

  it('keeps the old value while loading fails, and waits for a load when it is too old', async () => {
    let now = 0;
    const cache = createCache<string>({ ...TIMES, now: () => now });
    void cache.get('a', () => 'old');
    now = 149;
    expect(cache.get('a', down)).toBe('old');
    expect(cache.get('a', () => 'again')).toBe('old');
    expect(cache.get('a', down)).toBe('again');
    now = 149 + 150;
    expect(cache.get('a', down)).toBe('again');
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).resolves.toBe('again');
    const { promise, resolve } = deferred<string>();
    const waiting = [cache.get('a', () => promise), cache.get('a', down)];
    resolve('new');
    expect([await waiting[0], await waiting[1]]).toEqual(['new', 'new']);
    now = 149 + 150 + 200;
    expect(() => cache.get('a', down)).toThrow('down');
    expect(cache.stats()).toMatchObject({ failures: 4, entries: 1, oldestMs: 200 });
  });

  it('drops the old value where the load says that it is gone', async () => {
    let now = 0;
    const cache = createCache<string>({ ...TIMES, now: () => now });
    const gone = (): Promise<string> => Promise.reject(new Error('gone'));
    void cache.get('a', () => 'old');
    now = 100;
    expect(cache.get('a', gone)).toBe('old');
    await new Promise((resolve) => setImmediate(resolve));
    expect(cache.size).toBe(0);
    void cache.get('b', () => 'old');
    now = 250;
    await expect(cache.get('b', gone)).rejects.toThrow('gone');
    expect(cache.size).toBe(0);
  });

  it('does not bring back what was purged while it was loaded again', async () => {
    let now = 0;
    const cache = createCache<string>({ ...TIMES, now: () => now });
    void cache.get('a', () => 'old');
    now = 100;
    const { promise, resolve } = deferred<string>();
    void cache.get('a', () => promise);
    cache.purge('a');
    resolve('late');
    await promise;
    expect(cache.peek('a')).toBeUndefined();
    expect(cache.get('a', () => 'new')).toBe('new');
    expect(cache.peek('a')).toBe('new');
    now = 200;
    expect(cache.peek('a')).toBeUndefined();
  });

  it('purges an entry with any of its parents', () => {
    const cache = createCache<string>();
    void cache.get('a', () => '1', 'x', 'y');
    cache.purge('x');
    expect(cache.size).toBe(0);
    void cache.get('a', () => '1', 'x', 'y');
    cache.purge('y');
    expect(cache.size).toBe(0);
  });
});

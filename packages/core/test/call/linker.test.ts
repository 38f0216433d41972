import type { Linker } from '../../src/call/linker.js';
import { createLinker } from '../../src/call/linker.js';
import type { Binding, LinkBinding, LoadedModule, ModuleSource, ResolvedFunction, Runner } from '../../src/index.js';
import { createInProcessRunner } from '../../src/runner/in-process.js';
import { deferred, memoryLogger, turns } from '../support.js';

/** A linker whose only runner is this process. */
const linkerOver = (modules: readonly ModuleSource[]): Linker =>
  createLinker([createInProcessRunner({ modules, logger: memoryLogger().logger })]);

const link = (more: Partial<LinkBinding> = {}): LinkBinding => ({
  kind: 'link',
  package_name: 'pkg',
  module_name: 'pkg',
  function_name: 'run',
  setting: {},
  ...more,
});

/** A linker over a source of these exports, that counts its loads. */
function linkerOf(exports: Record<string, unknown>, digest: string | null = null): { linker: Linker; loads: string[] } {
  const loads: string[] = [];
  const source: ModuleSource = {
    accepts: () => true,
    load: async ({ module_name: name }, partition): Promise<LoadedModule> => {
      loads.push(`${partition} ${name}`);
      return Promise.resolve({ exports, digest });
    },
  };
  return { linker: linkerOver([source]), loads };
}

const resolved = async (linker: Linker, binding: LinkBinding, partition = 'default'): Promise<ResolvedFunction> =>
  linker.resolve(binding, partition);
const failure = async (linker: Linker, binding: LinkBinding): Promise<{ code: string; message: string }> => {
  try {
    await linker.resolve(binding, 'default');
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was found');
};

describe('a link to a function', () => {
  it.each<[string, Record<string, unknown>]>([
    ['that is exported', { run: () => 'found' }],
    ['in what is exported by default', { default: { run: () => 'found' } }],
    ['that is itself exported by default', { default: Object.assign(() => 'found', {}) }],
    ['on a function that is exported by default', { default: Object.assign(() => 'other', { run: () => 'found' }) }],
  ])('finds one %s', async (_where, exports) => {
    const { default: fallback } = exports;
    if (typeof fallback === 'function' && !('run' in fallback)) Object.defineProperty(fallback, 'name', { value: 'run' });
    const { linker } = linkerOf(exports, 'sha256:1');
    const { call, digest } = await resolved(linker, link());
    expect(call(undefined, undefined)).toBe('found');
    expect(digest).toBe('sha256:1');
  });

  it('is returned without a promise if it was found before', async () => {
    const { linker, loads } = linkerOf({ run: () => 1 });
    const binding = link();
    const first = linker.resolve(binding, 'default');
    expect(first).toBeInstanceOf(Promise);
    const found = await first;
    await turns(1);
    expect(linker.resolve(binding, 'default')).toBe(found);
    expect(loads).toHaveLength(1);
  });

  it.each<[string, Partial<LinkBinding>, RegExp]>([
    [
      'a function that is not there',
      { function_name: 'walk' },
      /^module "pkg" exports no function "walk"; it exports run, Service, broken, number$/,
    ],
    ['something that is no function', { function_name: 'number' }, /exports no function "number"/],
    ['a class in place of a function', { function_name: 'Service' }, /exports no function "Service"/],
    ['a class that is not there', { class_name: 'Server' }, /has no class "Server"; it exports run/],
    ['something that is no class', { class_name: 'number' }, /has no class "number"/],
    [
      'a function that the class has not',
      { class_name: 'Service', function_name: 'walk' },
      /class "Service" of module "pkg" has no function "walk"/,
    ],
  ])('lists the existing names instead of %s', async (_what, more, message) => {
    class Service {
      run = (): number => 1;
    }
    const { linker } = linkerOf({ run: () => 1, Service, broken: null, number: 5 });
    expect(await failure(linker, link(more))).toMatchObject({
      code: 'function_not_found',
      message: expect.stringMatching(message) as string,
    });
  });

  it('says that a module exports nothing', async () => {
    expect((await failure(linkerOf({ default: undefined, 'module.exports': {} }).linker, link())).message).toContain(
      'it exports nothing',
    );
  });

  it('says that no source accepts a link', async () => {
    const linker = linkerOver([{ accepts: ({ source }) => source === undefined, load: () => Promise.reject(new Error('no')) }]);
    expect(await failure(linker, link({ source: 's3' }))).toMatchObject({
      code: 'module_not_found',
      message: 'module "pkg": this server cannot load code from "s3" into a process of its own',
    });
    expect((await failure(linkerOver([]), link())).message).toContain('"a file or package"');
  });

  it('asks its sources in order', async () => {
    const source = (name: string, mine: boolean): ModuleSource => ({
      accepts: () => mine,
      load: async () => Promise.resolve({ exports: { run: () => name }, digest: null }),
    });
    const linker = linkerOver([source('a', false), source('b', true), source('c', true)]);
    expect((await resolved(linker, link())).call(undefined, undefined)).toBe('b');
  });

  it('does not remember a failure', async () => {
    let tries = 0;
    const source: ModuleSource = {
      accepts: () => true,
      load: async () => {
        tries += 1;
        return tries === 1
          ? Promise.reject(new Error('half written'))
          : Promise.resolve({ exports: { run: () => 'ok' }, digest: null });
      },
    };
    const linker = linkerOver([source]);
    const binding = link();
    await expect(resolved(linker, binding)).rejects.toThrow('half written');
    expect((await resolved(linker, binding)).call(undefined, undefined)).toBe('ok');
  });
});

describe('a class', () => {
  class Counter {
    static built: unknown[] = [];
    count = 0;
    constructor(readonly options: { setting: { start?: number }; partition: string; logger: unknown }) {
      Counter.built.push(options);
      this.count = options.setting.start ?? 0;
    }
    run(): number {
      return (this.count += 1);
    }
    async later(): Promise<string> {
      return Promise.resolve(this.options.partition);
    }
  }
  beforeEach(() => void (Counter.built = []));

  it('is built once per module and setting, with its setting, logger and partition', async () => {
    const { linker, loads } = linkerOf({ Counter });
    const same = [link({ class_name: 'Counter' }), link({ class_name: 'Counter', function_name: 'later' })];
    const [run, later] = await Promise.all(same.map(async (binding) => resolved(linker, binding)));
    expect([run!.call(0, 0), run!.call(0, 0), await later!.call(0, 0)]).toEqual([1, 2, 'default']);
    const other = await resolved(linker, link({ class_name: 'Counter', setting: { start: 10 } }));
    expect(other.call(0, 0)).toBe(11);
    expect(loads).toHaveLength(1);
    expect(Counter.built).toMatchObject([
      { setting: {}, partition: 'default', logger: { warn: expect.any(Function) as unknown } },
      { setting: { start: 10 } },
    ]);
  });

  it('is not shared between partitions', async () => {
    const { linker, loads } = linkerOf({ Counter });
    const binding = link({ class_name: 'Counter' });
    const counts: unknown[] = [];
    for (const partition of ['a', 'b', 'a', 'b']) counts.push((await resolved(linker, binding, partition)).call(0, 0));
    expect(counts).toEqual([1, 1, 2, 2]);
    expect(loads).toEqual(['a pkg', 'b pkg']);
  });

  it('that cannot be built says why, and is tried again', async () => {
    let fails = true;
    class Shy {
      constructor() {
        if (fails) throw new Error('no password');
      }
      run(): string {
        return 'ok';
      }
    }
    const { linker } = linkerOf({ Shy });
    const binding = link({ class_name: 'Shy' });
    expect(await failure(linker, binding)).toMatchObject({
      code: 'module_failed',
      message: 'class "Shy" of module "pkg" could not be built: no password',
    });
    fails = false;
    expect((await resolved(linker, binding)).call(0, 0)).toBe('ok');
  });
});

describe('forgetting', () => {
  it('loads only the forgotten links again', async () => {
    const { linker, loads } = linkerOf({ run: () => 1 });
    const [a, b] = [link({ module_name: 'a' }), link({ module_name: 'b' })];
    for (const binding of [a, b]) await resolved(linker, binding);
    linker.forget(({ module_name: name }) => name === 'a');
    for (const binding of [a, b]) await resolved(linker, binding);
    expect(loads).toEqual(['default a', 'default b', 'default a']);
    linker.forget();
    for (const binding of [a, b]) await resolved(linker, binding);
    expect(loads.slice(3)).toEqual(['default a', 'default b']);
  });

  it('does not cache a load that was running when it was forgotten', async () => {
    const gates = [deferred(), deferred()];
    let loads = 0;
    const source: ModuleSource = {
      accepts: () => true,
      load: async () => {
        const version = loads++;
        await gates[version]!.promise;
        return { exports: { run: () => version }, digest: null };
      },
    };
    const linker = linkerOver([source]);
    const binding = link();
    const old = resolved(linker, binding);
    linker.forget();
    const current = resolved(linker, binding);
    gates[1]!.resolve();
    expect((await current).call(0, 0)).toBe(1);
    gates[0]!.resolve();
    expect((await old).call(0, 0)).toBe(0);
    expect((await resolved(linker, binding)).call(0, 0)).toBe(1);
  });
});

describe('runners', () => {
  /** A runner for links of one source, and what it was asked. */
  function runnerFor(
    wanted: string | undefined,
    resolve: Runner['resolve'] = () => ({ call: () => wanted, digest: null }),
  ): { runner: Runner; asked: string[] } {
    const asked: string[] = [];
    const runner: Runner = {
      accepts: ({ source }) => source === wanted,
      resolve: (binding, partition) => {
        asked.push(`resolve ${binding.module_name} ${partition}`);
        return resolve(binding, partition);
      },
      forget: (which) => void asked.push(`forget ${which(link(), 'a')} ${which(link(), 'b')}`),
      close: () => void asked.push('close'),
    };
    return { runner, asked };
  }

  it('the first one that accepts a link runs it', async () => {
    const [zip, first, second] = [runnerFor('zip'), runnerFor(undefined), runnerFor(undefined)];
    const linker = createLinker([zip.runner, first.runner, second.runner]);
    expect((await resolved(linker, link({ source: 'zip' }))).call(0, 0)).toBe('zip');
    await resolved(linker, link());
    expect([zip.asked, first.asked, second.asked]).toEqual([['resolve pkg default'], ['resolve pkg default'], []]);
    expect(await failure(linker, link({ source: 's3' }))).toMatchObject({ code: 'module_not_found' });
  });

  it('are not needed for a function of this program', () => {
    const binding: Binding = { kind: 'inline', run: () => 'inline' };
    const found = createLinker([]).resolve(binding, 'default') as ResolvedFunction;
    expect(found.call(undefined, undefined)).toBe('inline');
    expect(found.digest).toBeNull();
  });

  it('are asked once per binding and partition, however partitions alternate', async () => {
    const { runner, asked } = runnerFor(undefined, (_link, partition) =>
      partition === 'now' ? { call: () => partition, digest: null } : Promise.resolve({ call: () => partition, digest: null }),
    );
    const linker = createLinker([runner]);
    const binding = link();
    for (const partition of ['a', 'b', 'now']) await linker.resolve(binding, partition);
    await turns(1);
    for (const partition of ['a', 'b', 'now', 'b', 'a']) {
      const found = linker.resolve(binding, partition);
      expect(found).not.toBeInstanceOf(Promise);
      expect((found as ResolvedFunction).call(0, 0)).toBe(partition);
    }
    expect(asked).toEqual(['resolve pkg a', 'resolve pkg b', 'resolve pkg now']);
  });

  it('that throw fail like a rejection, and are tried again', async () => {
    let tries = 0;
    const { runner } = runnerFor(undefined, () => {
      tries += 1;
      if (tries === 1) throw new Error('at once');
      return { call: () => tries, digest: null };
    });
    const linker = createLinker([runner]);
    const binding = link();
    expect(await failure(linker, binding)).toMatchObject({ message: 'at once' });
    expect((await resolved(linker, binding)).call(0, 0)).toBe(2);
  });

  it('may return any thenable', async () => {
    const found: ResolvedFunction = { call: () => 'later', digest: null };
    const thenable = { then: (resolve: (value: ResolvedFunction) => void) => resolve(found) };
    const linker = createLinker([runnerFor(undefined, () => thenable as unknown as Promise<ResolvedFunction>).runner]);
    expect((await resolved(linker, link())).call(0, 0)).toBe('later');
  });

  it('all forget and close, even if one of them fails', async () => {
    const [broken, last] = [runnerFor('zip'), runnerFor(undefined)];
    broken.runner.close = () => Promise.reject(new Error('stuck'));
    const linker = createLinker([broken.runner, last.runner]);
    linker.forget((_link, partition) => partition === 'a');
    expect([broken.asked, last.asked]).toEqual([['forget true false'], ['forget true false']]);
    await expect(linker.close()).rejects.toThrow('stuck');
    expect(last.asked).toContain('close');
  });
});

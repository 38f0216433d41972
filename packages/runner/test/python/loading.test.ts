/** How the Python child finds modules, classes and functions, and with what it builds classes. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CHILD, Child, PYTHON } from './child.js';

const run = promisify(execFile);

const FILES = {
  'plain.py': 'def where(): return "plain"\nnumber = 5\nclass C:\n  def m(self): return 1',
  'package/__init__.py': 'from .package import Here',
  'package/package.py':
    'from . import other\nclass Here:\n  def __init__(self, logger, **setting): pass\n  def where(self): return other.NAME',
  'package/other.py': 'NAME = "package.package"',
  // A folder of a repository: no __init__.py, and the package of the same name in it.
  'nested/nested/__init__.py': 'class Here:\n  def __init__(self, logger, **setting): pass\n  def where(self): return __name__',
  'bundle/inner.py': 'def where(): return __name__',
  'site-packages/vendored.py': 'def where(): return "site-packages"',
  'json.py': 'raise RuntimeError("the standard library comes first")',
  'uses.py': 'import json, vendored\ndef where(): return json.dumps(vendored.where())',
  'wire.py': 'def where(): return "not ours"',
  'needs.py': 'import is_not_there\ndef where(): pass',
  'needs_part.py': 'import package.is_not_there\ndef where(): pass',
  'syntax.py': 'def where(:\n  pass',
  'exits.py': 'import sys\nsys.exit("I leave")',
  'signals.py': 'import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\ndef where(): return "main thread"',
  'built.py': `
import asyncio, datetime, decimal, sqlite3, threading
class PerCall:
    built = 0
    def __init__(self, logger, **setting):
        PerCall.built += 1
        self.logger, self.setting, self.seen = logger, setting, []
    def see(self, x): self.seen.append(x); return self.seen
    def count(self): return PerCall.built
    async def see_later(self, x): return self.see(x)
    def show(self): return {"logger": type(self.logger).__name__, "types": {k: type(v).__name__ for k, v in self.setting.items()},
        "setting": self.setting}
class Shared(PerCall):
    MCP_SHARED = True
class Tenant:
    def __init__(self, logger, **setting): self.endpoint_id = self.part_id = None
    def ids(self): return {"endpoint": self.endpoint_id, "part": self.part_id}
class Half:
    def __init__(self, logger, **setting): self.endpoint_id = "mine"
    def ids(self): return self.endpoint_id
class Broken:
    def __init__(self, logger, **setting): raise ConnectionError("no connection")
    def run(self): pass
class Looped:
    def __init__(self, logger, **setting): self.loop = asyncio.get_running_loop()
    async def same(self): return self.loop is asyncio.get_running_loop()
class Stays:
    def __init__(self, logger, **setting): self.db = sqlite3.connect(":memory:")
    def query(self): return self.db.execute("select 1").fetchone()[0]
    async def query_later(self): return self.query()
`,
};

let child: Child;
beforeAll(async () => {
  child = await Child.start(FILES);
});
afterAll(() => child.stop());

const where = async (module: string, more = {}): Promise<unknown> =>
  (await child.call({ module, function: 'where', ...more })).body.value as unknown;

test('modules, packages, their submodules of the same name and site-packages are found', async () => {
  expect(await where('plain')).toBe('plain');
  expect(await where('package', { class: 'Here' })).toBe('package.package');
  expect(await where('package.package', { class: 'Here' })).toBe('package.package');
  expect(await where('nested', { class: 'Here' })).toBe('nested.nested');
  expect(await where('inner', { package: 'bundle' })).toBe('bundle.inner');
  expect(await where('vendored')).toBe('site-packages');
  expect(await where('signals')).toBe('main thread');
});

test('the standard library wins over the bundle, and the bundle over this program', async () => {
  expect(await where('uses')).toBe('"site-packages"');
  expect(await where('wire')).toBe('not ours');
});

test('a module is found by its file, under its own name where it has one', async () => {
  expect(await where('anything', { file: join(child.root, 'bundle/inner.py') })).toBe('bundle.inner');
  expect(await where('package', { class: 'Here', file: join(child.root, 'package/__init__.py') })).toBe('package.package');
  await Child.write(child.root, { 'with-dash.py': 'def where(): return "dash"' });
  expect(await where('x', { file: join(child.root, 'with-dash.py') })).toBe('dash');
});

test.each([
  ['absent', 'module_not_found', /module "absent" was not found: there is no absent\.py and no folder absent in \/.*python/],
  [
    'needs',
    'module_failed',
    /"needs" could not be loaded: ModuleNotFoundError: No module named 'is_not_there' \(needs\.py, line 1\)$/,
  ],
  ['needs_part', 'module_failed', /No module named 'package\.is_not_there'/],
  ['syntax', 'module_failed', /"syntax" could not be loaded: SyntaxError: invalid syntax \(syntax\.py, line \d\)$/],
  ['exits', 'module_failed', /"exits" could not be loaded: SystemExit: I leave/],
])('%s is %s', async (module, code, message) => {
  await expect(child.load({ module, function: 'where' })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});

test('a missing function, class or method is named, with what there is', async () => {
  const fails = (load: object): Promise<unknown> =>
    child.load({ module: 'plain', function: 'm', ...load }).catch((error: unknown) => error);
  for (const [load, message] of [
    [{ function: 'absent' }, 'module "plain" has no function "absent"; it has where, number, C'],
    [{ function: 'number' }, 'module "plain" has no function "number"; it has where, number, C'],
    [{ function: 'C' }, 'module "plain" has no function "C"; it has where, number, C'],
    [{ class: 'Absent' }, 'module "plain" has no class "Absent"; it has where, number, C'],
    [{ class: 'number' }, 'module "plain" has no class "number"; it has where, number, C'],
    [{ module: 'built', class: 'PerCall', function: 'absent' }, 'class "PerCall" of module "built" has no function "absent"'],
  ] as const)
    expect(await fails(load)).toMatchObject({ code: 'function_not_found', message });
});

test('a class that cannot be built says why; one that takes no logger, too', async () => {
  const broken = child.load({ module: 'built', class: 'Broken', function: 'run' });
  await expect(broken).rejects.toMatchObject({
    code: 'module_failed',
    message: 'class "Broken" of module "built" could not be built: ConnectionError: no connection (built.py, line 22)',
    stack: expect.stringContaining('in __init__'),
  });
  await expect(child.load({ module: 'plain', class: 'C', function: 'm' })).rejects.toThrow(/TypeError: C\(\) takes no arguments/);
});

test('a failure is forgotten: the next load tries again', async () => {
  await Child.write(child.root, { 'repaired.py': 'raise ValueError("not today")' });
  await expect(child.load({ module: 'repaired', function: 'f' })).rejects.toMatchObject({ code: 'module_failed' });
  await Child.write(child.root, { 'repaired.py': 'def f(): return "repaired"  # longer, so that Python sees another file' });
  expect((await child.call({ module: 'repaired', function: 'f' })).body.value).toBe('repaired');
  await expect(child.load({ module: 'late', function: 'f' })).rejects.toMatchObject({ code: 'module_not_found' });
  await Child.write(child.root, { 'late.py': 'def f(): return "late"' });
  expect((await child.call({ module: 'late', function: 'f' })).body.value).toBe('late');
});

test('each call has an instance of its own, as in the engine; a class that is MCP_SHARED has one', async () => {
  const call = async (cls: string, fn: string, x: number): Promise<unknown> =>
    (await child.call({ module: 'built', class: cls, function: fn, setting: { of: 'this test' } }, { x })).body.value as unknown;
  for (const fn of ['see', 'see_later']) {
    expect([await call('PerCall', fn, 1), await call('PerCall', fn, 2)]).toEqual([[1], [2]]);
  }
  expect([await call('Shared', 'see', 1), await call('Shared', 'see_later', 2)]).toEqual([[1], [1, 2]]);
});

test('compiled code is kept in the given folder alone', async () => {
  const folder = join(child.root, '.cache');
  await where('plain');
  expect(existsSync(join(child.root, '__pycache__'))).toBe(false);
  const cached = await Child.start(FILES);
  cached.send('LOAD', 99, {
    ...{ root: cached.root, file: null, cache: folder, module_name: 'uses', package_name: 'uses', function_name: 'where' },
    ...{ setting: {}, partition: 'a', kind: 'tool', name: 'where' },
  });
  await cached.until('LOADED', ({ type }) => type === 'LOADED');
  expect(existsSync(join(cached.root, '__pycache__'))).toBe(false);
  expect(
    (await readdir(folder, { recursive: true })).filter((name) => /(uses|vendored)\.cpython.*\.pyc$/.test(name)),
  ).toHaveLength(2);
  await cached.stop();
});

test('a class is built anew when all functions of it were forgotten', async () => {
  const load = { module: 'built', class: 'Shared', function: 'see', setting: { of: 'forgotten' } };
  const [one, two] = [await child.load(load), await child.load(load)];
  expect((await child.call(one, { x: 1 })).body.value).toEqual([1]);
  child.send('FORGET', one, {});
  expect((await child.call(two, { x: 2 })).body.value).toEqual([1, 2]);
  child.send('FORGET', two, {});
  expect((await child.call(load, { x: 3 })).body.value).toEqual([3]);
});

test('the instance that is built when a function is loaded serves its first call in the same thread', async () => {
  // A call that comes before the loading thread is idle runs in another thread, on an instance of its own. So try again.
  const seen: unknown[] = [];
  while (seen.length < 10 && seen.at(-1) !== 1) {
    const alone = await Child.start(FILES);
    seen.push((await alone.call({ module: 'built', class: 'PerCall', function: 'count' })).body.value);
    await alone.stop();
  }
  expect(seen.at(-1)).toBe(1);
});

test('a class is built in the thread that its function runs in, and where there is a running event loop', async () => {
  const call = async (cls: string, fn: string): Promise<unknown> =>
    (await child.call({ module: 'built', class: cls, function: fn })).body.value as unknown;
  expect(await call('Looped', 'same')).toBe(true);
  expect(await call('Stays', 'query')).toBe(1);
  expect(await call('Stays', 'query_later')).toBe(1);
});

test('a setting has Decimals and datetimes, as in the engine', async () => {
  const setting = {
    ...{
      region: 'eu',
      whole: 5,
      part: 0.1,
      yes: true,
      none: null,
      list: [1],
      nested: { n: 2 },
      like: '2026-13-40',
      digits: '007',
    },
    ...{ day: '2026-01-02', zoned: '2026-01-02T03:04:05.5+02:00', utc: '2026-01-02 03:04:05Z' },
  };
  const shown = (await child.call({ module: 'built', class: 'PerCall', function: 'show', setting })).body.value as unknown;
  expect(shown).toEqual({
    logger: 'Logger',
    types: {
      ...{ region: 'str', whole: 'Decimal', part: 'Decimal', yes: 'bool', none: 'NoneType', list: 'list', nested: 'dict' },
      ...{ like: 'str', digits: 'str', day: 'datetime', zoned: 'datetime', utc: 'datetime' },
    },
    setting: { ...setting, day: '2026-01-02T00:00:00', zoned: '2026-01-02T01:04:05.500000', utc: '2026-01-02T03:04:05' },
  });
});

test('endpoint_id and part_id are set from the partition, where a class has both', async () => {
  const ids = async (cls: string, partition: string): Promise<unknown> =>
    (await child.call({ module: 'built', class: cls, function: 'ids', setting: { partition }, partition })).body.value as unknown;
  expect(await ids('Tenant', 'acme#b')).toEqual({ endpoint: 'acme', part: 'b' });
  expect(await ids('Tenant', 'acme')).toEqual({ endpoint: 'acme', part: 'acme' });
  expect(await ids('Half', 'acme')).toBe('mine');
});

describe('--configuration', () => {
  const describeModule = (module: string, ...more: string[]): Promise<{ stdout: string }> =>
    run(PYTHON, [CHILD, '--configuration', module, '--root', child.root, ...more]);

  test('prints the MCP_CONFIGURATION of a module, and nothing else', async () => {
    await Child.write(child.root, {
      'described/__init__.py': 'print("noise")\nfrom .described import Here',
      'described/described.py': 'import decimal\nclass Here: pass\nMCP_CONFIGURATION = {"tools": [], "n": decimal.Decimal(5)}',
    });
    expect(JSON.parse((await describeModule('described')).stdout)).toEqual({ tools: [], n: 5 });
    expect((await describeModule('plain')).stdout).toBe('null\n');
  });

  test('says why there is none', async () => {
    await expect(describeModule('absent')).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('module "absent" was not found'),
    });
    await expect(describeModule('syntax')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('SyntaxError') });
    await Child.write(child.root, { 'odd.py': 'MCP_CONFIGURATION = {"tools": [print]}' });
    await expect(describeModule('odd')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/of module odd is not JSON/),
    });
  });
});

/** What the Python child does with code that misbehaves: other calls go on, and the daemon is never told anything wrong. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Received } from './child.js';
import { Child, PYTHON } from './child.js';

const CODE = `
import asyncio, ctypes, multiprocessing, os, pathlib, signal, subprocess, sys, threading, time

def ping(): return "pong"
async def ping_later(): return "pong"
def loop():
    while True: pass
async def loop_later():
    while True: pass
def sleeps(): time.sleep(3600)
def blocks():
    ctypes.PyDLL(None).sleep(3600)  # in C, and no other thread of Python runs meanwhile
def leaves(how):
    if how == "exit": sys.exit(3)
    if how == "system": raise SystemExit
    if how == "interrupt": raise KeyboardInterrupt("now")
    if how == "generator": raise GeneratorExit
    raise BaseException("base")
async def leaves_later(how): leaves(how)
def dies(): os._exit(7)
def crashes(): ctypes.string_at(0)
def memory():
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
    kept = []
    while True: kept.append(bytearray(16 << 20))
def prints_bytes():
    os.write(1, b"\\x00\\xff real stdout\\n"); os.write(2, b"real stderr\\n")
    sys.stdout.buffer.write(b"\\xff caught\\n"); sys.stdout.buffer.flush()
    return "printed"
def closes(path):
    os.closerange(0, 5000)
    with open(path, "wb", buffering=0) as file:
        for at in range(3, 1000): os.dup2(file.fileno(), at)
        file.write(b"mine")
    return "closed"
def forks(path):
    pid = os.fork()
    if pid == 0: pathlib.Path(path).write_text("forked"); return "from the fork"
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
async def forks_later():
    pid = os.fork()
    if pid == 0: raise SystemExit(4)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def fork_prints():
    pid = os.fork()
    if pid == 0: print("by the fork", flush=True); os._exit(0)
    os.waitpid(pid, 0); return "parent"
def pool():
    with multiprocessing.get_context("fork").Pool(2) as pool: return pool.map(abs, [-1, -2])
def spawns():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid
def environment(): return sorted(name for name in os.environ if name.startswith("MCP_"))
def stdin(): return [sys.stdin.read(), os.read(0, 10).decode()]
def thread_raises():
    thread = threading.Thread(target=leaves, args=["base"]); thread.start(); thread.join(); return "joined"
async def stops_the_loop():
    asyncio.get_running_loop().stop(); return "stopped"
def replaces_streams(): sys.stdout = sys.stderr = None; return "gone"
`;

const children: Child[] = [];
async function start(files: Record<string, string> = { 'm.py': CODE }, options = {}): Promise<Child> {
  const child = await Child.start(files, options);
  children.push(child);
  return child;
}
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

test.each(['loop', 'sleeps'])('while a function blocks (%s), other calls are answered', async (name) => {
  const child = await start();
  child.begin(await child.load(name));
  await child.until('BEGUN', ({ type }) => type === 'BEGUN');
  expect((await child.call('ping')).body).toEqual({ value: 'pong' });
  expect((await child.call('ping_later')).body).toEqual({ value: 'pong' });
});

test('a quick function that blocks for once holds up neither the calls behind it nor the answers before it', async () => {
  const child = await start({ 'm.py': 'import time\ndef f(block=False):\n  if block: time.sleep(3600)\n  return 1' });
  const fn = await child.load('f');
  for (let at = 0; at < 5; at += 1) await child.call(fn);
  const ids = Array.from({ length: 20 }, (_, at) => child.begin(fn, at === 3 ? { block: true } : {}));
  for (const [at, id] of ids.entries()) if (at !== 3) expect((await child.answer(id)).body).toEqual({ value: 1 });
});

test.each(['loop', 'loop_later', 'sleeps'])('the process ends with the socket, while it runs: %s', async (name) => {
  const child = await start();
  const id = child.begin(await child.load(name));
  await child.until('BEGUN', (m) => m.type === 'BEGUN' && (m.body.ids as number[]).includes(id));
  const { code, signal } = await child.stop();
  expect(code ?? signal).toBe('SIGKILL'); // it leads a process group, which it ends with itself
});

test('on Linux the process ends with the one that started it, also while C code holds the interpreter', async () => {
  if (process.platform !== 'linux') return;
  const folder = await mkdtemp(join(tmpdir(), 'mcp-parent-'));
  const python = join(folder, 'python');
  await writeFile(python, `#!/bin/sh\n${PYTHON} "$@" &\nwait\n`, { mode: 0o755 });
  const child = await start({ 'm.py': CODE }, { python });
  const { pid } = child.messages[0]?.body as { pid: number };
  expect(pid).not.toBe(child.process.pid);
  child.begin(await child.load('blocks'));
  await child.until('BEGUN', ({ type }) => type === 'BEGUN');
  const closed = once(child.socket, 'close');
  child.process.kill('SIGKILL');
  await closed;
  await rm(folder, { recursive: true });
});

test.each([
  ['exit', 'SystemExit: 3'],
  ['system', 'SystemExit'],
  ['interrupt', 'KeyboardInterrupt: now'],
  ['generator', 'GeneratorExit'],
  ['base', 'BaseException: base'],
])('a function that leaves by %s fails, and the child stays', async (how, message) => {
  const child = await start();
  for (const name of ['leaves', 'leaves_later']) {
    const { type, body } = await child.call(name, { how });
    expect({ type, message: body.message as string }).toEqual({ type: 'ERROR', message });
  }
  expect((await child.call('ping')).body).toEqual({ value: 'pong' });
});

test('os._exit and a crash in C end the process, without an answer', async () => {
  const one = await start();
  one.begin(await one.load('dies'));
  expect(await one.exit).toEqual({ code: 7, signal: null });
  expect(one.messages.filter(({ type }) => type === 'RESULT' || type === 'ERROR')).toEqual([]);
  const two = await start();
  two.begin(await two.load('crashes'));
  expect((await two.exit).signal).toBe('SIGSEGV');
  expect(two.stdio).toMatch(/Fatal Python error: Segmentation fault[^]*m\.py", line \d+ in crashes/);
});

test('a function that allocates without end fails at its limit, and the child stays', async () => {
  const child = await start();
  expect((await child.call('memory')).body).toMatchObject({ name: 'MemoryError', message: 'MemoryError' });
  expect((await child.call('ping')).body).toEqual({ value: 'pong' });
});

test('bytes that a function writes to descriptors 1 and 2 stay out of the protocol', async () => {
  const child = await start();
  const id = child.begin(await child.load('prints_bytes'));
  expect((await child.answer(id)).body).toEqual({ value: 'printed' });
  expect(child.output(id)).toBe('\ufffd caught\n');
  expect((await child.call('ping')).body).toEqual({ value: 'pong' });
  await child.stop();
  expect(child.stdio).toContain('real stdout');
  expect(child.stdio).toContain('real stderr');
});

test('after a function closed all descriptors the process ends, and its own file gets nothing of ours', async () => {
  const child = await start();
  const path = join(child.root, 'own');
  await writeFile(path, '');
  child.begin(await child.load('closes'), { path });
  expect((await child.exit).code ?? 'killed').toBe('killed');
  // The process may end before the function writes: as soon as its socket is gone.
  expect(['', 'mine']).toContain(readFileSync(path, 'utf8'));
});

test('a process that a function forks gives no answers', async () => {
  const child = await start();
  const path = join(child.root, 'fork');
  const id = child.begin(await child.load('forks'), { path });
  expect((await child.answer(id)).body).toEqual({ value: 0 });
  expect(readFileSync(path, 'utf8')).toBe('forked');
  expect((await child.call('forks_later')).body).toEqual({ value: 4 });
  expect((await child.call('fork_prints')).body).toEqual({ value: 'parent' });
  expect((await child.call('pool')).body).toMatchObject({ value: [1, 2] });
  expect(child.messages.filter((m) => m.id === id && m.type === 'RESULT')).toHaveLength(1);
  await child.stop();
  expect(child.stdio).toContain('by the fork\n');
});

test('processes that a function started end with the child', async () => {
  const child = await start();
  const { body } = await child.call('spawns');
  expect(alive(body.value as number)).toBe(true);
  await child.stop();
  expect(alive(body.value as number)).toBe(false);
});

test('a function sees neither the socket nor the token, and stdin is at its end', async () => {
  const child = await start();
  expect((await child.call('environment')).body).toMatchObject({ value: [] });
  expect((await child.call('stdin')).body).toMatchObject({ value: ['', ''] });
});

test('a thread that raises, a loop that is stopped and streams that are gone do not end the child', async () => {
  const child = await start();
  const id = child.begin(await child.load('thread_raises'));
  expect((await child.answer(id)).body).toEqual({ value: 'joined' });
  expect(child.output(id, 'stderr')).toContain('BaseException: base');
  expect((await child.call('stops_the_loop')).body).toEqual({ value: 'stopped' });
  expect((await child.call('ping_later')).body).toEqual({ value: 'pong' });
  expect((await child.call('replaces_streams')).body).toEqual({ value: 'gone' });
  expect((await child.call('ping')).body).toEqual({ value: 'pong' });
});

test('of thousands of calls of all kinds, some of them aborted, each gets one answer', async () => {
  const child = await start({
    'm.py': `
import asyncio, random, time
def quick(n): return n
def sometimes(n):
    if n % 37 == 0: time.sleep(0.01)
    return n
def slow(n): time.sleep(0.002); return n
async def later(n):
    await asyncio.sleep(n % 5 / 1000)
    return n
def prints(n): print(n); return n
def fails(n): raise ValueError(n)
def awaits(n): return later(n)
def yields(n):
    yield n
    return n
`,
  });
  const names = ['quick', 'quick', 'sometimes', 'slow', 'later', 'prints', 'fails', 'awaits', 'yields'];
  const functions = await Promise.all(names.map((name) => child.load(name)));
  const ids = Array.from({ length: 3_000 }, (_, n) => {
    const id = child.begin(functions[n % functions.length] as number, { n });
    if (n % 11 === 0) child.send('ABORT', id, { reason: 'cancelled' });
    return id;
  });
  for (const id of ids) await child.answer(id);
  const answers = new Map<number, Received[]>();
  for (const message of child.messages)
    if (/^(RESULT|ERROR)$/.test(message.type)) answers.set(message.id, [...(answers.get(message.id) ?? []), message]);
  for (const [n, id] of ids.entries()) {
    const given = answers.get(id) ?? [];
    expect(given).toHaveLength(1);
    const name = names[n % names.length];
    if (n % 11 !== 0) expect(given[0]?.body).toMatchObject(name === 'fails' ? { message: `ValueError: ${n}` } : { value: n });
  }
  expect((await child.call(functions[0] as number, { n: 1 })).body).toEqual({ value: 1 });
});

test.each([
  ['a frame of an unknown type', Buffer.from([6, 0, 0, 0, 99, 0, 0, 0, 0, 0])],
  ['a length out of range', Buffer.from([255, 255, 255, 255, 3, 0, 0, 0, 0, 0])],
  ['a body that is no JSON', Buffer.from([7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 120])],
])('%s ends the process, with a reason on stderr', async (_what, bytes) => {
  const child = await start();
  child.socket.write(bytes);
  await child.exit;
  expect(child.stdio).toMatch(/mcp-daemon python child: /);
});

/** Functions that hurt their process. Others are not hurt, and callers are told the truth. */
import { until } from '../../../tests/until.js';
import { allGone, contextOf, openRunner } from './support.js';

const CODE = `
import fs from 'node:fs';
import net from 'node:net';
import { spawn } from 'node:child_process';
export const fine = (input) => input;
export const pid = () => process.pid;
export const loops = () => { for (;;); };
export const allocates = () => { const list = []; for (;;) list.push(new Array(100_000).fill(list.length)); };
export const printsAndAllocates = () => { fs.writeSync(1, 'x'.repeat(50_000)); fs.writeSync(2, 'y'.repeat(50_000)); return allocates(); };
export const buffers = async () => {
  const list = [];
  for (;;) { list.push(Buffer.alloc(4 << 20, 1)); await new Promise((go) => setTimeout(go, 5)); }
};
export const exits = (input) => process.exit(input.code);
export const kills = () => { process.kill(process.pid, 'SIGSEGV'); return new Promise(() => {}); };
export const killsHard = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); };
export const throwsLater = () => { setTimeout(() => { throw new Error('thrown after the reply'); }); return 'replied'; };
export const rejectsLater = () => { void Promise.reject(new Error('rejected after the reply')); return 'replied'; };
export const writes = () => { fs.writeSync(1, 'written to descriptor 1\\n'); console.log('printed'); console.error('printed as an error'); return 'ok'; };
const socket = () => process._getActiveHandles().find((handle) => handle instanceof net.Socket && !handle.isStdio && handle !== process.stdout);
export const closes = () => { socket().destroy(); return new Promise(() => {}); };
export const closesAll = () => { for (let fd = 0; fd < 64; fd++) try { fs.closeSync(fd); } catch {} return new Promise(() => {}); };
export const garbage = () => { socket().write(Buffer.alloc(1000, 0xff)); return new Promise(() => {}); };
const frame = (type, id, body) => {
  const json = Buffer.from(JSON.stringify(body));
  const head = Buffer.alloc(10);
  head.writeUInt32LE(json.length + 6, 0);
  head[4] = type;
  head.writeUInt32LE(id, 6);
  return Buffer.concat([head, json]);
};
export const forges = () => { socket().write(frame(68, 4711, { value: 'forged' })); return new Promise(() => {}); };
export const twice = () => { setImmediate(() => setImmediate(() => socket().write(frame(68, 1, { value: 'again' })))); return 'once'; };
export const ignoresAbort = () => new Promise(() => {});
export const abortable = (input, { signal }) => (console.log('abortable runs'), new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason.message))));
export const large = (input) => 'x'.repeat(input.size);
export const handles = () => { setInterval(() => {}, 1000); net.createServer().listen(0); return 'ok'; };
export const forks = () => {
  const child = spawn('sleep', ['1000'], { stdio: 'inherit' });
  return { pid: process.pid, child: child.pid };
};
export const secrets = () => Object.keys(process.env).sort();
`;

describe('a call of a function that ends its process says so', () => {
  it.each([
    ['exits', { code: 3 }, 'The process that ran "exits" ended with exit code 3.'],
    ['exits', { code: 0 }, 'The process that ran "exits" ended with exit code 0.'],
    ['kills', {}, 'The process that ran "kills" was ended by SIGSEGV.'],
    ['killsHard', {}, 'The process that ran "killsHard" was ended by SIGKILL.'],
    ['closesAll', {}, 'The process that ran "closesAll"'],
    ['closes', {}, 'The process that ran "closes" closed its connection to the server.'],
    [
      'garbage',
      {},
      'The process that ran "garbage" was ended because it broke the protocol: a frame says that it has 4294967295 bytes.',
    ],
    [
      'forges',
      {},
      'The process that ran "forges" was ended because it broke the protocol: it answered call 4711, which is not running.',
    ],
  ])('%s %j', async (name, input, message) => {
    const { call, runner } = await openRunner(CODE);
    await expect(call(name, input)).rejects.toThrow(message);
    expect(await call('fine', 'next')).toBe('next');
    await until(() => runner.counts().children === 1, 'the end of the process');
    expect(runner.counts().crashes).toBe(1);
  });

  it('when its heap is full', async () => {
    const { call } = await openRunner(CODE, { heapMb: 32 });
    await expect(call('allocates')).rejects.toThrow(
      'The process that ran "allocates" ran out of memory: its heap may have 32 MB.',
    );
    expect(await call('fine', 1)).toBe(1);
  });

  it('when its heap is full, also after it has printed more than is passed on', async () => {
    const { call } = await openRunner(CODE, { heapMb: 32 });
    await expect(call('printsAndAllocates')).rejects.toThrow('ran out of memory: its heap may have 32 MB.');
  });

  (process.platform === 'linux' ? it : it.skip)('when it has too much memory outside of the heap', async () => {
    const { call } = await openRunner(CODE, { memoryMb: 120 });
    await expect(call('buffers')).rejects.toThrow(
      'The process that ran "buffers" was ended because it used more than 120 MB of memory.',
    );
    expect(await call('fine', 1)).toBe(1);
  });

  it('when it has had its CPU time', async () => {
    const { call } = await openRunner(CODE, { cpuSeconds: 1 });
    await expect(call('loops')).rejects.toThrow(
      'The process that ran "loops" was ended because it used more than 1 s of CPU time.',
    );
    expect(await call('fine', 1)).toBe(1);
  });
});

describe('a call that does not end', () => {
  it.each(['loops', 'ignoresAbort'])('is ended with its process after its abort: %s', async (name) => {
    const { call, runner } = await openRunner(CODE, { graceMs: 300 });
    const over = new AbortController();
    const running = call(name, {}, { signal: over.signal });
    over.abort();
    await expect(running).rejects.toThrow(`a call of "${name}" did not end within 300 ms after it was cancelled`);
    expect(runner.counts().kills).toBe(1);
    expect(await call('fine', 1)).toBe(1);
  });

  it('gets its signal first, and may end by itself', async () => {
    const { call, runner } = await openRunner(CODE);
    const over = new AbortController();
    const running = call('abortable', {}, { signal: over.signal });
    over.abort();
    expect(await running).toBe('The call was cancelled');
    expect(runner.counts()).toMatchObject({ kills: 0, crashes: 0 });
  });

  it('does not take calls with it that had not begun: they run in another process', async () => {
    const { resolve } = await openRunner(CODE, { graceMs: 300, maxChildrenPerModule: 1 });
    const [loops, fine] = [await resolve('loops'), await resolve('fine')];
    const over = new AbortController();
    const looping = Promise.resolve(loops.call({}, contextOf({ signal: over.signal })));
    const waiting = Promise.resolve(fine.call('it waited', contextOf()));
    over.abort();
    await expect(looping).rejects.toThrow('did not end within 300 ms');
    expect(await waiting).toBe('it waited');
  });

  it('ends others that had begun, and they are told why', async () => {
    const { resolve, logged } = await openRunner(CODE, { graceMs: 300, maxChildrenPerModule: 1 });
    const [loops, abortable] = [await resolve('loops'), await resolve('abortable')];
    const other = Promise.resolve(abortable.call({}, contextOf()));
    await logged(/abortable runs/);
    const over = new AbortController();
    const looping = Promise.resolve(loops.call({}, contextOf({ signal: over.signal })));
    over.abort();
    await expect(looping).rejects.toThrow('did not end');
    await expect(other).rejects.toThrow(
      'The process that ran "abortable" was ended because a call of "loops" did not end within 300 ms',
    );
  });

  it('makes room for later calls in another process, before it is ended', async () => {
    const { resolve, runner } = await openRunner(CODE, { maxChildrenPerModule: 2, graceMs: 100 });
    const [loops, fine] = [await resolve('loops'), await resolve('fine')];
    const over = new AbortController();
    const looping = Promise.resolve(loops.call({}, contextOf({ signal: over.signal })));
    const stuck = Promise.resolve(fine.call('sent to the same process', contextOf()));
    await until(() => runner.pids().children.length === 2, 'a second process');
    expect(await fine.call('later', contextOf())).toBe('later');
    over.abort();
    await expect(looping).rejects.toThrow('did not end');
    expect(await stuck).toBe('sent to the same process');
  });
});

describe('what a function does after its reply', () => {
  it.each([
    ['throwsLater', /uncaught exception: thrown after the reply/],
    ['rejectsLater', /unhandled rejection: rejected after the reply/],
  ])('is logged, and hurts no other call: %s', async (name, pattern) => {
    const { call, logged, runner } = await openRunner(CODE, { spare: false });
    expect(await call(name)).toBe('replied');
    expect(await logged(pattern)).toMatchObject({ level: 'error' });
    expect(await call('fine', 1)).toBe(1);
    expect(runner.counts()).toMatchObject({ crashes: 0, starts: 1 });
  });

  it('may be a second answer: its process is ended', async () => {
    const { call, logged } = await openRunner(CODE, { spare: false });
    expect(await call('twice')).toBe('once');
    await logged(/a child process was ended because it broke the protocol: it answered call 1, which is not running/);
    expect(await call('fine', 1)).toBe(1);
  });
});

describe('what a function prints', () => {
  it('is logged, wherever it writes, with the call where it is known', async () => {
    const { call, logged } = await openRunner(CODE);
    expect(await call('writes')).toBe('ok');
    expect((await logged(/^written to descriptor 1$/)).fields).toMatchObject({ stream: 'stdout' });
    expect((await logged(/^printed$/)).fields).toMatchObject({ stream: 'stdout', name: 'writes' });
    expect((await logged(/^printed as an error$/)).fields).toMatchObject({ stream: 'stderr', name: 'writes' });
  });
});

describe('a large result', () => {
  it('arrives whole, if it is within the limit', async () => {
    const { call } = await openRunner(CODE, { maxMessageBytes: 8_000_000 });
    expect(await call('large', { size: 5_000_000 })).toBe('x'.repeat(5_000_000));
  });

  it('is refused by its process, if it is not', async () => {
    const { call, runner } = await openRunner(CODE);
    await expect(call('large', { size: 100_000_000 })).rejects.toThrow(/it returned 1000000\d\d bytes; the maximum is 16777216/);
    expect(runner.counts().crashes).toBe(0);
  });

  it('of arguments is refused before it is sent', async () => {
    const { call } = await openRunner(CODE, { maxMessageBytes: 1_000_000 });
    await expect(call('fine', 'x'.repeat(1_000_000))).rejects.toThrow('the arguments of "fine" are larger than 1000000 bytes');
    const size = 900_000;
    expect(await call('fine', 'x'.repeat(size))).toHaveLength(size);
  });
});

describe('a process that is not needed', () => {
  it('ends though it has open handles, with what it started', async () => {
    const { call, runner } = await openRunner(CODE, { idleMs: 100, spare: false });
    await call('handles');
    const { pid, child } = (await call('forks')) as { pid: number; child: number };
    expect(child).toBeGreaterThan(0);
    await allGone([pid, child]);
    await until(() => runner.counts().children === 0, 'no process in the counts');
    expect(runner.counts().crashes).toBe(0);
    expect(await call('fine', 'again')).toBe('again');
  });
});

describe('the environment of a process', () => {
  it('has only what was given', async () => {
    const { call } = await openRunner(CODE, {}, { env: { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' } });
    expect(await call('secrets')).toEqual(['GIVEN', 'PATH']);
  });
});

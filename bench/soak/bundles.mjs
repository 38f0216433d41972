/**
 * The bundles of the soak of processes: four that behave, and four that misbehave in each way that `mode` names. Each version of a
 * bundle returns its number, so that answers and records can be compared with what was pushed.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { buildBundle } from '../../packages/modules/dist/bundle/index.js';

const GOOD_JS = (version) => `
import { text } from './lib/text.mjs';
export async function run({ key, mode, size = 0 }, { signal, progress, log }) {
  if (signal.aborted) throw new Error('aborted before it began');
  if (mode === 'wait') {
    await new Promise((resolve) => setTimeout(resolve, 20));
    progress(1, 2, 'half');
    log('info', key);
  }
  return text(key, ${version}, mode === 'large' ? 'x'.repeat(size) : '');
}
`;

const GOOD_PY = (version) => `
import asyncio
async def wait(key, progress):
    await asyncio.sleep(0.02)
    progress(1, 2, "half")
    return answer(key)
def answer(key, more=""):
    return f"{key} ${version} {more}"
def run(context, key, mode="quick", size=0):
    if mode == "wait":
        return wait(key, context.progress)
    return answer(key, "x" * size if mode == "large" else "")
`;

const BAD_JS = (version) => `
import fs from 'node:fs';
import net from 'node:net';
import { spawn } from 'node:child_process';
const never = new Promise(() => {});
const socket = () => process._getActiveHandles().find((handle) => handle instanceof net.Socket && !handle.isStdio && handle !== process.stdout);
const modes = {
  quick: () => {},
  loop: () => { for (;;); },
  never: () => never,
  exit: () => process.exit(3),
  signal: () => { process.kill(process.pid, 'SIGSEGV'); return never; },
  throw: ({ key }) => { throw new Error('thrown ' + key); },
  late: () => { setTimeout(() => { throw new Error('thrown after the reply'); }); },
  reject: () => { void Promise.reject(new Error('rejected after the reply')); },
  heap: () => { const list = []; for (;;) list.push(new Array(100_000).fill(list.length)); },
  buffers: async () => { const list = []; for (;;) { list.push(Buffer.alloc(16 << 20, 1)); await new Promise((go) => setTimeout(go, 5)); } },
  print: () => { for (let line = 0; line < 2_000; line += 1) console.log('printed '.repeat(20)); fs.writeSync(1, 'written '.repeat(10_000)); },
  close: () => { socket().destroy(); return never; },
  garbage: () => { socket().write(Buffer.alloc(1000, 0xff)); return never; },
  program: () => { spawn('sleep', ['1000'], { stdio: 'inherit' }); },
  handles: () => { setInterval(() => {}, 1000); net.createServer().listen(0, '127.0.0.1'); },
};
export async function run(input) {
  await modes[input.mode](input);
  return input.key + ' ${version} ';
}
`;

const BAD_PY = (version) => `
import os, subprocess, sys, threading, time
def fail():
    raise RuntimeError("thrown after the reply")
def close():
    os.closerange(3, 256)
    time.sleep(1000)
def garbage():
    for number in range(3, 32):
        try:
            os.write(number, b"\\xff" * 1000)
        except OSError:
            pass
    time.sleep(1000)
def run(key, mode="quick", size=0):
    if mode == "loop":
        while True:
            pass
    elif mode == "never":
        time.sleep(1000)
    elif mode == "exit":
        os._exit(3)
    elif mode == "signal":
        os.kill(os.getpid(), 11)
        time.sleep(1000)
    elif mode == "throw":
        raise RuntimeError("thrown " + key)
    elif mode == "late":
        threading.Timer(0.01, fail).start()
    elif mode == "buffers":
        found = []
        while True:
            found.append(bytearray(b"x" * (16 << 20)))
    elif mode == "print":
        for line in range(2000):
            print("printed " * 20)
        os.write(1, b"written " * 10000)
    elif mode == "close":
        close()
    elif mode == "garbage":
        garbage()
    elif mode == "program":
        subprocess.Popen(["sleep", "1000"])
    elif mode == "handles":
        globals().setdefault("files", []).append(open("/dev/null"))
    return f"{key} ${version} "
`;

/** A version that cannot be loaded must not take the place of one that can. */
const BROKEN = { mjs: 'export const run = ;\n', py: 'def run(:\n' };

/** All bundles by name: their language, their code, and whether every call must succeed. */
export const BUNDLES = {
  good_a: { ending: 'mjs', code: GOOD_JS, good: true },
  good_b: { ending: 'mjs', code: GOOD_JS, good: true },
  good_c: { ending: 'mjs', code: GOOD_JS, good: true },
  good_python: { ending: 'py', code: GOOD_PY, good: true },
  bad_a: { ending: 'mjs', code: BAD_JS, good: false },
  bad_b: { ending: 'mjs', code: BAD_JS, good: false },
  bad_c: { ending: 'mjs', code: BAD_JS, good: false },
  bad_python: { ending: 'py', code: BAD_PY, good: false },
};

export const TIME_LIMIT_MS = { good: 60_000, bad: 500 };

/** The config file: one tool for each bundle. */
export const config = {
  tools: Object.keys(BUNDLES).map((name) => ({
    name,
    description: `Runs the bundle ${name}.`,
    inputSchema: {
      type: 'object',
      properties: { key: { type: 'string' }, mode: { type: 'string' }, size: { type: 'integer' } },
      required: ['key', 'mode'],
    },
  })),
  module_links: Object.entries(BUNDLES).map(([name, { good }]) => ({
    ...{ type: 'tool', name, module_name: name, function_name: 'run' },
    timeout_ms: good ? TIME_LIMIT_MS.good : TIME_LIMIT_MS.bad,
  })),
  modules: Object.keys(BUNDLES).map((name) => ({ module_name: name, package_name: name, source: 'zip' })),
};

/** Writes versions of bundles into the folder of archives, and remembers their digests. */
export class Pushes {
  /** From a digest to the bundle's name and its version; a broken one has no version. */
  known = new Map();
  #folder;
  #work;
  #next = 1;

  constructor({ folder, work }) {
    this.#folder = folder;
    this.#work = work;
  }

  /** Replaces a bundle as a deployment does: by a rename. @returns the version, or undefined for a broken one */
  async push(name, { broken = false } = {}) {
    const { ending, code } = BUNDLES[name];
    const version = this.#next++;
    const source = join(this.#work, `${name}-${version}`);
    await mkdir(join(source, 'lib'), { recursive: true });
    await writeFile(
      join(source, `${name}.${ending}`),
      broken ? `${BROKEN[ending]}${ending === 'py' ? '#' : '//'} ${version}\n` : code(version),
    );
    await writeFile(join(source, 'lib/text.mjs'), 'export const text = (key, version, more) => `${key} ${version} ${more}`;\n');
    const { bytes, digest } = await buildBundle(source);
    await rm(source, { recursive: true });
    const part = join(this.#folder, `.${name}.part`);
    await writeFile(part, bytes);
    await rename(part, join(this.#folder, `${name}.zip`));
    this.known.set(digest, { name, version: broken ? undefined : version });
    return broken ? undefined : version;
  }
}

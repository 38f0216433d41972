/** Functions in Python behind the real runner: the suite of all runners, and what is particular to Python. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CodeLocator, LinkBinding } from '@mcp-daemon/core';
import { DaemonError, ForeignValue } from '@mcp-daemon/core';
import type { RunnerFixture } from '@mcp-daemon/core/contract';
import { runnerContextContract, runnerContract } from '@mcp-daemon/core/contract';

import { tempFolder } from '../../../../tests/temp-folder.js';
import type { TestRunner } from '../support.js';
import { contextOf, openRunner } from '../support.js';
import { PYTHON } from './child.js';

/** The module `m` of the suite, in Python. An error's message is the last line of its traceback: here it is the bare message. */
const MODULE = `
import asyncio

COUNT = 0

def error(message):
    return type(message, (Exception,), {"__module__": "builtins"})()

def echo(context, **arguments):
    return {"input": arguments, "partition": context.partition, "callId": context.uuid}
def read(uri, context):
    return {"input": uri, "partition": context.partition, "callId": context.uuid}
def next():
    global COUNT
    COUNT += 1
    return COUNT
async def later(x):
    await asyncio.sleep(0.005)
    return [x]
def nothing(): pass
def fails(): raise error("it failed at once")
async def failsLater(): raise error("it failed later")
number = 5
class Counter:
    MCP_SHARED = True
    def __init__(self, logger, **setting):
        self.logger, self.setting, self.count, self.partition = logger, setting, 0, None
        self.endpoint_id = self.part_id = None
    def next(self):
        self.count += 1
        return self.count
    async def describe(self):
        return {"setting": self.setting, "partition": self.endpoint_id, "hasLogger": hasattr(self.logger, "warning")}
class Broken:
    def __init__(self, logger, **setting): raise ValueError("no connection")
    def run(self): pass
`;

/** The module `c` of the suite, as far as its checks are run. */
const CONTEXT = `
import asyncio
def members(context):
    return {"callId": context.uuid, "subject": context.subject, "partition": context.partition, "inputs": context.inputs,
        "state": context.state, "variables": context.variables, "meta": context.meta, "traceparent": context.traceparent,
        "client": context.client, "clientCapabilities": context.client_capabilities, "protocolVersion": context.protocol_version}
def progress(context): context.progress(1, 2, "half"); context.progress(2, 2); return "done"
def log(context): context.log("warning", {"disk": "full"}, "storage"); context.log("info", "text"); return "done"
def updated(context): context.resource_updated("x://one"); return "done"
def asks(context):
    if context.inputs: return "Hello " + context.inputs["name"]["content"]["name"]
    return context.input_required({"name": context.elicit("Your name?", {"type": "object"})}, {"step": 1})
async def fifty(index): await asyncio.sleep((50 - index) / 1000); return index
`;

/** Translates the suite's modules. */
function inPython(code: string): string {
  if (code.includes('export const members')) return CONTEXT;
  const version = /export const now = \(\) => (\d+)/.exec(code)?.[1];
  if (version !== undefined)
    return `
import asyncio
def now(): return ${version}
async def whenAborted():
    try: await asyncio.sleep(3600)
    except asyncio.CancelledError: return ${version}
`;
  if (code.includes('throw new Error')) return code.includes('class Counter') ? MODULE : 'raise ValueError("not today")';
  throw new Error(`this module of the suite is not translated: ${code}`);
}

function locator(base: string): CodeLocator {
  return {
    accepts: () => true,
    locate({ module_name: name }) {
      const file = join(base, `${name}.py`);
      try {
        return Promise.resolve({
          runtime: 'python' as const,
          root: base,
          file: null,
          digest: createHash('sha256').update(readFileSync(file)).digest('hex'),
        });
      } catch {
        throw new DaemonError('module_not_found', `module "${name}" not found`);
      }
    },
  };
}

interface Opened extends TestRunner {
  folder: string;
  install(module: string, code: string): void;
}

async function open(code = '', settings = {}, env: Record<string, string> = {}): Promise<Opened> {
  const folder = tempFolder();
  const install = (module: string, text: string): void => {
    const file = join(folder, `${module}.py`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const opened = await openRunner(
    '',
    { paths: { python: PYTHON }, ...settings },
    {
      locators: [locator(folder)],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    },
  );
  install('m', code);
  return { ...opened, folder, install };
}

/**
 * In Python a function has named arguments, so the suite's positional ones are other functions: what takes a URI is `read`. A call
 * that is cancelled before it begins never runs in Python, so the check of its signal is in the test below.
 */
const OTHERWISE = [
  'a resolved function is called with its input and its context',
  'the call returns what the function returns: a value, a promise or undefined',
  'the function gets the signal of its call',
  // AbortError, Blob, BigInt and an error's code are of JavaScript. What Python has instead is in calls.test.ts and context.test.ts.
  'the signal is aborted with an AbortError, which a function may throw',
  'large values arrive whole, in both directions and at the same time',
  'bytes arrive as bytes, wherever results have them',
  'numbers keep their values',
  'an error arrives with its name, its code and its cause',
];

/** The whole suite: plain calls, then what contexts and values are. */
const SUITE = [...runnerContract, ...runnerContextContract];

describe('the runner of child processes, in Python', () => {
  async function fixture(): Promise<RunnerFixture> {
    const { runner, install } = await open();
    return {
      runner,
      link: (module) => ({ kind: 'link', package_name: module, module_name: module }),
      install: (module, code) => install(module, inPython(code)),
      digests: true,
    };
  }
  it.each(SUITE.filter(({ name }) => !OTHERWISE.includes(name)))('$name', ({ run }) => run(fixture));

  it('leaves out only checks that the suite has', () => {
    for (const name of OTHERWISE) expect(SUITE.map((each) => each.name)).toContain(name);
  });

  it('calls a function with its input and its context, and returns its value', async () => {
    const { resolve, call } = await open(MODULE);
    const input = { text: 'Zürich ☀️', list: [1, null, { deep: true }] };
    expect(await call('echo', input)).toEqual({ input, partition: 'a', callId: 'call-1' });
    const resource = await resolve('read', { use: { kind: 'resource', name: 'r' } });
    expect(await resource.call('x://uri', contextOf())).toEqual({ input: 'x://uri', partition: 'a', callId: 'call-1' });
    expect(await call('later', { x: 7 })).toEqual(new ForeignValue([7], '[7]'));
    expect(await call('nothing')).toEqual(new ForeignValue(undefined, 'None'));
  });

  it('tells a running function that its call is cancelled', async () => {
    const { resolve } = await open('def waits(context):\n  context.progress(1)\n  return context.wait(3600)');
    const over = new AbortController();
    const found = await resolve('waits');
    let running: unknown;
    await new Promise<void>((begin) => {
      running = found.call({}, contextOf({ signal: over.signal, meta: { progressToken: 1 }, progress: () => begin() }));
    });
    over.abort();
    expect(await running).toEqual(new ForeignValue(true, 'True'));
  });
});

describe('Python behind the runner', () => {
  const link = (opened: Opened, function_name: string, more: Partial<LinkBinding> = {}): LinkBinding =>
    opened.link(function_name, more);

  it('says what it looked for if there is no Python, and everything else works', async () => {
    const missing = await open('def f(): pass', { paths: { python: '/nowhere/python3' } });
    await expect(missing.resolve('f')).rejects.toMatchObject({
      code: 'module_failed',
      message: expect.stringMatching(
        /PYTHON is "\/nowhere\/python3", and there is no such program\. Install Python 3\.9 or newer/,
      ),
    });
    const empty = await open('def f(): pass', { paths: {} }, { PATH: '/nowhere' });
    await expect(empty.resolve('f')).rejects.toThrow(/Python was not found: there is no python3 in PATH\. Install Python 3\.9/);
  });

  it('gives bytes, numbers and errors as the runner has them', async () => {
    const opened = await open('def f(which): return {"b": b"\\x01", "n": float("nan"), "i": 2**70, "d": {"x": b"\\x02"}}[which]');
    expect(await opened.call('f', { which: 'b' })).toEqual(Buffer.from([1]));
    expect(await opened.call('f', { which: 'n' })).toEqual(new ForeignValue(NaN, 'nan'));
    expect(await opened.call('f', { which: 'i' })).toEqual(new ForeignValue(2n ** 70n, String(2n ** 70n)));
    expect(await opened.call('f', { which: 'd' })).toEqual({ x: Buffer.from([2]) });
    await expect(opened.call('f', { which: 'z' })).rejects.toMatchObject({ name: 'KeyError', message: "KeyError: 'z'" });
    const line = await opened.logged(/KeyError: 'z'/);
    expect(JSON.stringify(line)).toContain('m.py');
  });

  it('ends a function that does not end, and runs the calls that had not begun elsewhere', async () => {
    const opened = await open('import time\ndef loop():\n  while True: pass\ndef f(): return 1', { graceMs: 200 });
    const found = await opened.runner.resolve(link(opened, 'loop'), 'a');
    const over = new AbortController();
    const looping = Promise.resolve(found.call({}, contextOf({ signal: over.signal })));
    expect(await opened.call('f')).toBe(1);
    over.abort();
    await expect(looping).rejects.toMatchObject({ code: 'process_ended' });
    expect(await opened.call('f')).toBe(1);
  });

  it('survives a child that leaves, and says how it left', async () => {
    const opened = await open('import os\ndef leave(): os._exit(7)\ndef f(): return 1');
    await expect(opened.call('leave')).rejects.toThrow(/exit code 7/);
    expect(await opened.call('f')).toBe(1);
  });
});

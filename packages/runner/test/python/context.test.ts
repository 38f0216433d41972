/** The context of Python functions, what they print and log, and how calls are cancelled. */
import { Child } from './child.js';

const CODE = `
import asyncio, concurrent.futures, logging, sys, threading, time, warnings

log = logging.getLogger("my.module")
pool = concurrent.futures.ThreadPoolExecutor(1)

def has(**arguments): return sorted(arguments)
def wants(a=1, context=None): return [a, type(context).__name__]
def required(context): return type(context).__name__
def argument(context: str = None): return context
def data(context={}): return context
def given(context): return context
def read(uri, context): return [uri, context.variables]
def members(context):
    return {"uuid": context.uuid, "subject": context.subject, "partition": context.partition, "inputs": context.inputs,
        "state": context.state, "variables": context.variables, "meta": context.meta, "traceparent": context.traceparent,
        "client": context.client, "capabilities": context.client_capabilities, "version": context.protocol_version,
        "cancelled": context.cancelled}
def progresses(context):
    context.progress(1); context.progress(2, 4, "half"); return "done"
def logs(context):
    context.log("info", "not wanted"); context.log("error", {"a": {1}}, "me"); context.log("warning", object()); return "done"
def logs_wrong(context): context.log("fatal", "x")
def updates(context): context.resource_updated("x://1")
def asks(context):
    if "sure" not in context.inputs:
        return context.input_required({"sure": context.elicit("Sure?", {"type": "object"}), "r": context.list_roots(),
            "s": context.sample([{"role": "user", "content": {"type": "text", "text": "hi"}}], 10, temperature=0.5)}, {"n": 1})
    return [context.inputs["sure"], context.state]
def steps():
    yield 1
    yield "two"
    yield {"progress": 3, "total": 4, "message": "three"}
    return "end"
async def steps_later():
    yield 1
    await asyncio.sleep(0)
    yield "two"
    yield {"the": "end"}
def endless():
    print("running")
    at = 0
    try:
        while True: at += 1; yield at
    finally: print("closed")
def waits(context):
    print("running")
    while not context.cancelled: time.sleep(0.001)
    return "was cancelled"
def waits_well(context): before = context.wait(0); print("running"); return [before, context.wait(3600)]
async def sleeps(): print("running"); await asyncio.sleep(3600)
async def cleans():
    print("running")
    try: await asyncio.sleep(3600)
    except asyncio.CancelledError: return "cleaned"
def prints(text):
    print("one", text); print("two", end=""); print(" and three")
    print("to stderr", file=sys.stderr); warnings.warn("a warning"); sys.stdout.write("no end of line")
async def prints_later(text):
    for _ in range(3): print(text, end=" "); await asyncio.sleep(0)
def prints_in_thread(text):
    thread = threading.Thread(target=print, args=[text]); thread.start(); thread.join()
    pool.submit(print, "pool", text).result()
def logs_module():
    log.debug("not this"); log.info("info %d", 1); log.warning("warning")
    try: 1 / 0
    except ZeroDivisionError: log.exception("failed")
`;

let child: Child;
beforeAll(async () => {
  child = await Child.start({ 'm.py': CODE });
  const caller = { client: { name: 'c' }, capabilities: { roots: {} }, protocolVersion: '2025-11-25', logLevel: 'warning' };
  child.send('CALLER', 1, caller);
});
const others: Child[] = [];
async function another(code: string, options = {}): Promise<Child> {
  const started = await Child.start({ 'm.py': code }, options);
  others.push(started);
  return started;
}
afterEach(() => Promise.all(others.splice(0).map((other) => other.stop())));
afterAll(() => child.stop());

const result = (what: Parameters<Child['call']>[0], input: unknown = {}, more = {}): Promise<unknown> =>
  child.call(what, input, more).then(({ body }) => body.value as unknown);
const sent = (id: number, type: string): unknown[] =>
  child.messages.filter((m) => m.id === id && m.type === type).map((m) => m.body as unknown);

test('context is passed to a function that has a parameter of that name, and never in place of an argument', async () => {
  expect(await result('has', { a: 1 })).toEqual(['a']);
  expect(await result('wants')).toEqual([1, 'Context']);
  expect(await result('required')).toBe('Context');
  expect(await result('given', { context: 'mine' })).toBe('mine');
  expect(await result('data')).toEqual({});
  expect((await child.call('argument')).body).toEqual({ text: 'None' });
  const template = { function: 'read', kind: 'resource_template' };
  expect(await result(template, 'x://1', { variables: { id: '1' } })).toEqual(['x://1', { id: '1' }]);
});

test('the context knows the call, the caller and the tenant', async () => {
  const fn = await child.load('members');
  const id = child.begin(fn);
  const none = { inputs: {}, state: null, variables: {}, meta: {}, traceparent: null, cancelled: false };
  const caller = { client: { name: 'c' }, capabilities: { roots: {} }, version: '2025-11-25' };
  expect((await child.answer(id)).body.value).toEqual({ uuid: `uuid-${id}`, subject: 'ada', partition: 'a', ...caller, ...none });
  const given = { inputs: { a: 1 }, state: [2], variables: { b: '3' }, meta: { c: 4 }, traceparent: '00-1' };
  expect(await result(fn, {}, given)).toMatchObject(given);
  // A caller that is sent again is replaced.
  child.send('CALLER', 2, { client: { name: 'old' } });
  child.send('CALLER', 2, { protocolVersion: '2026-07-28' });
  expect(await result(fn, {}, { caller: 2 })).toMatchObject({ client: null, capabilities: {}, version: '2026-07-28' });
});

test('progress is sent where the client wants it, and log messages from the level that it wants', async () => {
  const quiet = child.begin(await child.load('progresses'));
  await child.answer(quiet);
  expect(sent(quiet, 'PROGRESS')).toEqual([]);
  const loud = child.begin(await child.load('progresses'), {}, { progress: true });
  await child.answer(loud);
  expect(sent(loud, 'PROGRESS')).toEqual([{ progress: 1 }, { progress: 2, total: 4, message: 'half' }]);
  const logged = child.begin(await child.load('logs'));
  await child.answer(logged);
  expect(sent(logged, 'LOG')).toEqual([
    { level: 'error', data: { a: [1] }, logger: 'me' },
    { level: 'warning', data: "<class 'object'>" },
  ]);
  expect((await child.call('logs_wrong')).body.message).toMatch(/^ValueError: the level 'fatal' is not one of debug, /);
  const updated = child.begin(await child.load('updates'));
  await child.answer(updated);
  expect(sent(updated, 'RESOURCE_UPDATED')).toEqual([{ uri: 'x://1' }]);
});

test('a function asks the user, and gets the answers', async () => {
  expect(await result('asks')).toEqual({
    resultType: 'input_required',
    inputRequests: {
      sure: { method: 'elicitation/create', params: { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object' } } },
      r: { method: 'roots/list' },
      s: {
        method: 'sampling/createMessage',
        params: { temperature: 0.5, messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 10 },
      },
    },
    state: { n: 1 },
  });
  expect(await result('asks', {}, { inputs: { sure: { action: 'accept' } }, state: { n: 1 } })).toEqual([
    { action: 'accept' },
    { n: 1 },
  ]);
});

test('what a generator yields is progress; an asynchronous one cannot return, so its last value is the result', async () => {
  for (const [name, value, last] of [
    ['steps', 'end', [{ progress: 3, total: 4, message: 'three' }]],
    ['steps_later', { the: 'end' }, []],
  ] as const) {
    const id = child.begin(await child.load(name), {}, { progress: true });
    expect((await child.answer(id)).body).toEqual({ value });
    expect(sent(id, 'PROGRESS')).toEqual([{ progress: 1 }, { progress: 2, message: 'two' }, ...last]);
  }
});

test.each([
  ['waits', { value: 'was cancelled' }],
  ['waits_well', { value: [false, true] }],
  ['cleans', { value: 'cleaned' }],
  ['sleeps', { name: 'CancelledError' }],
  ['endless', { name: 'Cancelled' }],
])('an aborted call is answered: %s', async (name, body) => {
  const id = child.begin(await child.load(name));
  await child.until('the function runs', (m) => m.type === 'OUTPUT' && m.id === id);
  child.send('ABORT', id, { reason: 'cancelled' });
  expect((await child.answer(id)).body).toMatchObject(body);
  if (name === 'endless') expect(child.output(id)).toBe('running\nclosed\n');
});

test('a call that waits for a thread is aborted without being run', async () => {
  const narrow = await another(CODE, { env: { MCP_RUNNER_THREADS: '1' } });
  const fn = await narrow.load('waits');
  const [first, second] = [narrow.begin(fn), narrow.begin(fn)];
  await narrow.until('the first one runs', ({ type }) => type === 'OUTPUT');
  narrow.send('ABORT', second, { reason: 'timed_out' });
  expect(await narrow.answer(second)).toMatchObject({ type: 'ERROR', body: { name: 'Cancelled' } });
  narrow.send('ABORT', first, { reason: 'cancelled' });
  await narrow.answer(first);
  expect(narrow.messages.filter(({ type }) => type === 'BEGUN').map((m) => m.body.ids as number[])).toEqual([[first]]);
});

test('what a function prints belongs to its call: in threads, pools and coroutines, also while others run', async () => {
  const id = child.begin(await child.load('prints'), { text: 'Zürich' });
  await child.answer(id);
  expect(child.output(id)).toBe('one Zürich\ntwo and three\nno end of line');
  expect(child.output(id, 'stderr')).toMatch(/^to stderr\n[^]*UserWarning: a warning/);
  for (const [name, expected] of [
    ['prints_later', (text: string) => `${text} ${text} ${text} `],
    ['prints_in_thread', (text: string) => `${text}\npool ${text}\n`],
  ] as const) {
    const fn = await child.load(name);
    const ids = ['a', 'b', 'c'].map((text) => [child.begin(fn, { text }), text] as const);
    for (const [each, text] of ids) {
      await child.answer(each);
      expect(child.output(each)).toBe(expected(text));
    }
  }
  const at = child.messages.findIndex((m) => m.id === id && m.type === 'RESULT');
  expect(child.messages.slice(at).filter((m) => m.id === id && m.type === 'OUTPUT')).toEqual([]);
});

test('the logging module writes to the log of the daemon', async () => {
  const id = child.begin(await child.load('logs_module'));
  await child.answer(id);
  const logged = child.messages.filter(({ type, body }) => type === 'DIAGNOSTIC' && body.fields.logger === 'my.module');
  const fields = { logger: 'my.module', call: `uuid-${id}` };
  expect(logged.map(({ body }) => body as unknown)).toEqual([
    { level: 'info', message: 'info 1', fields },
    { level: 'warn', message: 'warning', fields },
    {
      level: 'error',
      message: 'failed',
      fields: { ...fields, stack: expect.stringContaining('ZeroDivisionError: division by zero') },
    },
  ]);
});

test('at END the running calls are answered, then the process ends and runs its exit handlers', async () => {
  const ending = await another(`
import atexit
atexit.register(print, "bye")
def f(context):
    print("running")
    context.wait(3600)
    return 1
`);
  const id = ending.begin(await ending.load('f'));
  await ending.until('the function runs', ({ type }) => type === 'OUTPUT');
  ending.send('END', 0, {});
  ending.send('ABORT', id, { reason: 'cancelled' });
  expect((await ending.answer(id)).body).toEqual({ value: 1 });
  expect(await ending.exit).toEqual({ code: 0, signal: null });
  expect(ending.output(0)).toBe('bye\n');
});

test.each(['def f(): pass', 'async def f(): pass'])('at END an idle process ends: %s', async (code) => {
  const idle = await another(code);
  await idle.call('f');
  idle.send('END', 0, {});
  expect((await idle.exit).code).toBe(0);
});

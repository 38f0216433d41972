/** What the Python child makes of calls, values and errors. */
import { Child } from './child.js';

const CODE = `
import asyncio, dataclasses, datetime, decimal, enum, logging, pathlib, sys, threading, time, uuid

def echo(**arguments): return arguments
def nothing(): pass
def read(uri): return {"uri": uri}
def prompt(name, **arguments): return [name, arguments]
async def later(x): await asyncio.sleep(0.001); return [x]
def fails(): raise ValueError("it failed at once")
async def fails_later(): raise KeyError("later")
def wrapped(): return later(5)
class Color(enum.Enum): RED = "red"
@dataclasses.dataclass
class Point:
    x: int
    y: decimal.Decimal
def value(which): return {
    "float": lambda: 5.0, "true": lambda: True, "list": lambda: [1, "a", None], "tuple": lambda: (1, 2.5), "int": lambda: 7,
    "none": lambda: None, "text": lambda: "Zürich", "nan": lambda: float("nan"), "infinity": lambda: float("-inf"),
    "big": lambda: 2 ** 70, "deep big": lambda: {"id": 12345678901234567890, "n": [float("nan"), 1.5]}, "set": lambda: {3, 1, 2},
    "decimal": lambda: decimal.Decimal("5.10"), "dates": lambda: {"d": datetime.date(2026, 1, 2), "t": datetime.datetime(2026, 1, 2, 3, 4)},
    "date": lambda: datetime.datetime(2026, 1, 2, 3, 4), "enum": lambda: Color.RED, "point": lambda: Point(1, decimal.Decimal("2.5")),
    "uuid": lambda: uuid.UUID(int=5), "path": lambda: pathlib.Path("/x"), "keys": lambda: {1: "a", None: 2, Color.RED: 3, (1, 2): 4},
    "bytes": lambda: b"\\x00\\xff", "deep bytes": lambda: {"a": [b"one", {"b": bytearray(b"two")}]}, "half": lambda: {"x": "\\ud800"},
    "generated": lambda: (x * x for x in range(3)), "map": lambda: map(str, [1, 2]), "range": lambda: range(3),
    "function": lambda: len, "object": lambda: object(), "exception": lambda: ValueError("x"), "file": lambda: sys.stdin.buffer,
    "cycle": lambda: cycle(), "deep": lambda: deep(), "raises": lambda: Raises(),
}[which]()
def cycle():
    a = []; a.append({"a": a}); return a
def deep():
    a = []
    for _ in range(100_000): a = [a]
    return a
class Raises:
    def __iter__(self): raise RuntimeError("not readable")
def large(size): return "x" * size
def large_bytes(size): return bytes(size)
`;

let child: Child;
beforeAll(async () => {
  child = await Child.start({ 'm.py': CODE });
});
afterAll(() => child.stop());

const value = (which: string): Promise<unknown> => child.call('value', { which }).then(({ body }) => body as unknown);

test('the first message names the child and proves which one it is', () => {
  expect(child.messages[0]).toMatchObject({
    type: 'HELLO',
    id: 0,
    body: { protocol: 1, token: 'secret', runtime: 'python', version: expect.stringMatching(/^3\./), pid: child.process.pid },
  });
});

test('tools get named arguments, resources the URI, prompts their name and named arguments', async () => {
  const given = { text: 'Zürich ☀️', list: [1, 2.5, null, { deep: true }] };
  expect((await child.call('echo', given)).body).toEqual({ value: given });
  expect((await child.call({ function: 'read', kind: 'resource' }, 'x://y')).body).toEqual({ value: { uri: 'x://y' } });
  const prompt = await child.call({ function: 'prompt', kind: 'prompt', name: 'p' }, { a: 'b' });
  expect(prompt.body).toEqual({ value: ['p', { a: 'b', partition_key: 'a' }] });
});

test('coroutines are awaited, also those that a plain function returns', async () => {
  expect((await child.call('later', { x: 1 })).body).toEqual({ value: [1], text: '[1]' });
  expect((await child.call('wrapped')).body).toEqual({ value: [5], text: '[5]' });
});

test('a call is announced before its function runs', async () => {
  for (const name of ['echo', 'later']) {
    const id = child.begin(await child.load(name), name === 'later' ? { x: 1 } : {});
    await child.answer(id);
    const types = child.messages
      .filter((m) => m.id === id || (m.body?.ids as number[] | undefined)?.includes(id))
      .map((m) => m.type);
    expect(types).toEqual(['BEGUN', 'RESULT']);
  }
});

test.each([
  ['float', { value: 5, text: '5.0' }],
  ['true', { value: true, text: 'True' }],
  ['list', { value: [1, 'a', null], text: "[1, 'a', None]" }],
  ['tuple', { value: [1, 2.5], text: '(1, 2.5)' }],
  ['int', { value: 7 }],
  ['none', { text: 'None' }],
  ['text', { value: 'Zürich' }],
  ['nan', { number: 'NaN', text: 'nan' }],
  ['infinity', { number: '-Infinity', text: '-inf' }],
  ['big', { number: '1180591620717411303424', text: '1180591620717411303424' }],
  ['deep big', { value: { id: '12345678901234567890', n: [null, 1.5] } }],
  ['set', { value: [1, 2, 3], text: '{1, 2, 3}' }],
  ['decimal', { value: 5.1, text: '5.10' }],
  ['dates', { value: { d: '2026-01-02', t: '2026-01-02T03:04:00' } }],
  ['date', { value: '2026-01-02T03:04:00', text: '2026-01-02 03:04:00' }],
  ['enum', { value: 'red' }],
  ['point', { value: { x: 1, y: 2.5 } }],
  ['uuid', { value: '00000000-0000-0000-0000-000000000005', text: '00000000-0000-0000-0000-000000000005' }],
  ['path', { value: '/x', text: '/x' }],
  ['keys', { value: { 1: 'a', null: 2, red: 3, '(1, 2)': 4 } }],
  ['half', { value: { x: '\ud800' } }],
  ['generated', { value: [0, 1, 4] }],
  ['map', { value: ['1', '2'] }],
  ['range', { value: [0, 1, 2], text: 'range(0, 3)' }],
])('%s is sent', async (which, sent) => {
  expect(await value(which)).toEqual(sent);
});

test('bytes are attachments, with null in their place', async () => {
  const alone = await child.call('value', { which: 'bytes' });
  expect(alone.body).toEqual({ value: null, bytes: [{ at: [], size: 2 }] });
  expect(alone.attachments).toEqual([Buffer.from([0, 255])]);
  const deep = await child.call('value', { which: 'deep bytes' });
  expect(deep.body).toEqual({
    value: { a: [null, { b: null }] },
    bytes: [
      { at: ['a', 0], size: 3 },
      { at: ['a', 1, 'b'], size: 3 },
    ],
  });
  expect(String(Buffer.concat(deep.attachments))).toBe('onetwo');
});

test.each([
  ['function', /it returned a builtin_function_or_method/],
  ['object', /it returned a object: return a dict/],
  ['exception', /it returned an exception: raise it/],
  ['file', /it returned a BufferedReader: return a dict/],
  ['cycle', /it returned a value that contains itself/],
  ['deep', /it returned a value that is nested too deeply/],
])('%s cannot be sent, and the error says so', async (which, message) => {
  const { type, body } = await child.call('value', { which });
  expect({ type, ...(body as object) }).toMatchObject({
    type: 'ERROR',
    kind: 'return_value',
    message: expect.stringMatching(message),
  });
});

test('a value that raises when it is read is an error of the call', async () => {
  const { type, body } = await child.call('value', { which: 'raises' });
  expect({ type, body }).toMatchObject({ type: 'ERROR', body: { name: 'RuntimeError', message: 'RuntimeError: not readable' } });
});

test('an exception is its last line, with the traceback of the function alone', async () => {
  const { body } = await child.call('fails');
  expect(body).toMatchObject({ name: 'ValueError', message: 'ValueError: it failed at once' });
  expect(body.stack).toMatch(/^Traceback[^]*m\.py", line \d+, in fails[^]*ValueError: it failed at once\n$/);
  expect(body.stack).not.toContain('mcp_daemon_runner');
  expect((await child.call('fails_later')).body).toMatchObject({ name: 'KeyError', message: "KeyError: 'later'" });
  const wrong = await child.call('later', { y: 1 });
  expect(wrong.body.message).toMatch(/^TypeError: later\(\) got an unexpected keyword argument 'y'/);
});

test('large values go both ways; one that is larger than the limit is an error', async () => {
  const text = 'ü'.repeat(700_000);
  expect((await child.call('echo', { text })).body.value.text === text).toBe(true);
  const bytes = await child.call('large_bytes', { size: 5_000_000 });
  expect(bytes.attachments[0]?.length).toBe(5_000_000);
  const { type, body } = await child.call('large', { size: 100_000_000 });
  expect({ type, body }).toEqual({
    type: 'ERROR',
    body: { name: 'NotSendable', message: 'it returned 100000012 bytes; at most 67108864 can be sent', kind: 'return_value' },
  });
  expect((await child.call('echo', { after: 1 })).body.value).toEqual({ after: 1 });
});

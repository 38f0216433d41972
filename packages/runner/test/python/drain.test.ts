/** A Python child that ends sends all its answers first, also those that another thread is sending. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

import { PYTHON } from './child.js';

const PROGRAM = `
import os, sys, threading
from mcp_daemon_runner.wire import Connection, RESULT
ours, theirs = os.pipe()
connection = Connection(theirs)
taken, go = threading.Event(), threading.Event()
write = connection._write
def slow(data):
    taken.set()
    go.wait()
    write(data)
connection._write = slow
connection.put(RESULT, 1, b"{}")
threading.Thread(target=connection.flush, daemon=True).start()
taken.wait()
threading.Timer(0.1, go.set).start()
connection.drain()
os.set_blocking(ours, False)
try:
    print(len(os.read(ours, 100)))
except BlockingIOError:
    print("nothing")
`;

it('the end waits for an answer that another thread is sending', () => {
  const env = { ...process.env, PYTHONPATH: resolve(import.meta.dirname, '../../python') };
  const { stdout, stderr } = spawnSync(PYTHON, ['-c', PROGRAM], { env, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeGreaterThan(2);
});

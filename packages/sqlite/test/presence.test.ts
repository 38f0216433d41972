import { join } from 'node:path';

import { jest } from '@jest/globals';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { Connection } from '../src/connection.js';
import { chooseEngine } from '../src/engine.js';
import { isAlive, thisProcess } from '../src/liveness.js';
import { openDatabase } from '../src/open.js';
import type { Presence } from '../src/presence.js';
import { createPresence } from '../src/presence.js';
import { createWriter } from '../src/writer.js';
import { temporaryFolder, value } from './support.js';

const folder = temporaryFolder();
let connection: Connection;
let presence: Presence;
let write: ReturnType<typeof createWriter>;
let file = '';
let count = 0;

const heartbeat = (): unknown => value(file, 'SELECT heartbeat FROM owners');
const call = (status: 'in_process' | 'completed', uuid: string): void =>
  write([exampleRecord({ owner: 'me', status, mcp_function_call_uuid: uuid })]);

beforeEach(async () => {
  file = join(folder, `${(count += 1)}.db`);
  connection = await openDatabase(chooseEngine(), { file, readonly: false, busyTimeoutMs: 100 });
  presence = createPresence(connection, 'me');
  write = createWriter(connection, presence);
  jest.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  jest.useRealTimers();
  presence.end();
  connection.close();
});

it('renews its sign of life while it has open records, and not after', () => {
  call('in_process', 'a');
  call('in_process', 'b');
  expect(heartbeat()).toBe(1_000_000);
  jest.advanceTimersByTime(31_000);
  expect(heartbeat()).toBe(1_030_000);
  call('completed', 'a');
  jest.advanceTimersByTime(15_000);
  expect(heartbeat()).toBe(1_045_000);
  call('completed', 'b');
  jest.advanceTimersByTime(600_000);
  expect(heartbeat()).toBe(1_045_000);
  expect(jest.getTimerCount()).toBe(0);
});

it('gives a new sign of life with the first open record after a pause', () => {
  call('in_process', 'a');
  call('completed', 'a');
  jest.advanceTimersByTime(100_000);
  call('completed', 'b');
  expect(heartbeat()).toBe(1_000_000);
  call('in_process', 'c');
  expect(heartbeat()).toBe(1_100_000);
});

it('tries again when the file is locked at that moment', () => {
  call('in_process', 'a');
  const other = chooseEngine()(file, false);
  other.exec('BEGIN EXCLUSIVE');
  jest.advanceTimersByTime(15_000);
  other.exec('COMMIT');
  expect(heartbeat()).toBe(1_000_000);
  jest.advanceTimersByTime(15_000);
  expect(heartbeat()).toBe(1_030_000);
  other.close();
});

it('announces no record of another owner', () => {
  write([exampleRecord({ owner: 'someone', status: 'in_process' })]);
  expect(value(file, 'SELECT count(*) FROM owners')).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

it('knows this process', () => {
  const self = thisProcess();
  expect(self.pid).toBe(process.pid);
  expect(isAlive({ ...self, pid: 2 ** 31 - 2 })).toBe(false);
  expect(isAlive({ ...self, host: 'elsewhere' })).toBeUndefined();
  expect(isAlive({ ...self, started: null })).toBeUndefined();
  if (process.platform === 'linux') {
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, started: '1' })).toBe(false);
  }
});

import { EventEmitter } from 'node:events';
import type { FSWatcher } from 'node:fs';
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { until } from '../../../tests/until.js';
import type { FolderWatch } from '../src/folders.js';
import { watchFolders } from '../src/folders.js';
import { folderOf } from './support.js';

let watched: FolderWatch;
afterEach(() => {
  watched.close();
  jest.useRealTimers();
});

describe('watching folders', () => {
  it('reports the folder of a change, until the folder is left out', async () => {
    const [one, two] = [folderOf({ 'a.js': '' }), folderOf({ 'a.js': '' })];
    const events: string[] = [];
    watched = watchFolders({ onEvent: (folder, name) => events.push(join(folder, name ?? '')), limit: 8, interval: 1000 });
    watched.set(new Set([one, two]));
    writeFileSync(join(one, 'a.js'), '1');
    await until(() => events.includes(join(one, 'a.js')));
    watched.set(new Set([two]));
    events.length = 0;
    writeFileSync(join(one, 'a.js'), '2');
    writeFileSync(join(two, 'a.js'), '2');
    await until(() => events.includes(join(two, 'a.js')));
    expect(events.filter((path) => path.startsWith(one))).toEqual([]);
  });

  it('polls the folders beyond the limit', () => {
    jest.useFakeTimers();
    const folders = [folderOf({}), folderOf({}), folderOf({})];
    const polled = new Set<string>();
    watched = watchFolders({ onEvent: (folder, name) => name === null && polled.add(folder), limit: 1, interval: 10 });
    watched.set(new Set(folders));
    jest.advanceTimersByTime(10);
    expect(polled).toEqual(new Set(folders.slice(1)));
    watched.set(new Set());
    polled.clear();
    jest.advanceTimersByTime(100);
    expect([polled.size, jest.getTimerCount()]).toEqual([0, 0]);
  });

  it('polls if the system has no watchers left, and watches as soon as it has', () => {
    jest.useFakeTimers();
    const folder = folderOf({});
    let full = true;
    let opened = 0;
    const asked: (string | null)[] = [];
    const emitter = new EventEmitter() as EventEmitter & { close(): void };
    emitter.close = () => {};
    watched = watchFolders({
      onEvent: (_, name) => asked.push(name),
      limit: 8,
      interval: 10,
      open: () => {
        if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        opened++;
        return emitter as unknown as FSWatcher;
      },
    });
    watched.set(new Set([folder]));
    jest.advanceTimersByTime(20);
    expect([asked.length, opened]).toEqual([2, 0]);
    full = false;
    jest.advanceTimersByTime(10);
    expect([asked.length, opened]).toEqual([3, 1]);
    jest.advanceTimersByTime(100);
    expect([asked.length, jest.getTimerCount()]).toEqual([3, 0]);
    emitter.emit('error', new Error('lost'));
    jest.advanceTimersByTime(10);
    expect(opened).toBe(2);
  });

  it('watches a folder again that was removed and came back', async () => {
    const parent = folderOf({ 'in/a.js': '' });
    const folder = join(parent, 'in');
    const events: (string | null)[] = [];
    watched = watchFolders({ onEvent: (_, name) => events.push(name), limit: 8, interval: 10 });
    watched.set(new Set([folder]));
    renameSync(folder, join(parent, 'out'));
    await until(() => events.includes(null));
    await mkdir(folder);
    await until(() => {
      writeFileSync(join(folder, 'b.js'), ''); // until it is watched
      return events.includes('b.js');
    });
  });
});

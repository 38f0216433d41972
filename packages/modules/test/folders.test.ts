import { EventEmitter } from 'node:events';
import type { FSWatcher } from 'node:fs';
import { renameSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FolderWatch } from '../src/folders.js';
import { watchFolders } from '../src/folders.js';
import { folderOf } from './support.js';

let watched: FolderWatch;
afterEach(() => watched.close());

/** Waits until it is true. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition();) {
    if (Date.now() > end) throw new Error('it never came true');
    await sleep(5);
  }
}

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

  it('polls the folders beyond the limit', async () => {
    const folders = [folderOf({}), folderOf({}), folderOf({})];
    const polled = new Set<string>();
    watched = watchFolders({ onEvent: (folder, name) => name === null && polled.add(folder), limit: 1, interval: 10 });
    watched.set(new Set(folders));
    await until(() => polled.size === 2);
    expect(polled).toEqual(new Set(folders.slice(1)));
    watched.set(new Set());
    await sleep(30);
    polled.clear();
    await sleep(30);
    expect(polled.size).toBe(0);
  });

  it('polls if the system has no watchers left, and watches as soon as it has', async () => {
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
    await until(() => asked.length > 1);
    full = false;
    await until(() => opened === 1);
    await sleep(30);
    const before = asked.length;
    await sleep(30);
    expect(asked.length).toBe(before);
    emitter.emit('error', new Error('lost'));
    await until(() => opened === 2);
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
    await sleep(50);
    events.length = 0;
    writeFileSync(join(folder, 'b.js'), '');
    await until(() => events.includes('b.js'));
  });
});

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { blobStoreContract } from '@mcp-daemon/core/contract';

import { createFileBlobs } from '../../src/blobs/index.js';
import { temporaryFolder } from '../support.js';

const root = temporaryFolder();
let count = 0;
const newFolder = (): string => join(root, `${(count += 1)}`, 'blobs');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('the contract of a blob store', () => {
  for (const check of blobStoreContract) it(check.name, () => check.run(() => createFileBlobs({ folder: newFolder() })));
});

describe('blobs as files', () => {
  it('a key is a path below the folder, for this user alone', async () => {
    const folder = newFolder();
    await createFileBlobs({ folder }).put('mcp_content/x.json', bytes('{}'));
    expect(readFileSync(join(folder, 'mcp_content', 'x.json'), 'utf8')).toBe('{}');
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect([folder, join(folder, 'mcp_content'), join(folder, 'mcp_content', 'x.json')].map(mode)).toEqual(['700', '700', '600']);
    expect(readdirSync(folder)).toEqual(['mcp_content']);
  });

  it('nothing is created before the first write', async () => {
    const folder = newFolder();
    const blobs = createFileBlobs({ folder });
    expect(await blobs.get('a')).toBeUndefined();
    await blobs.delete('a');
    expect(() => statSync(folder)).toThrow('ENOENT');
    expect(() => createFileBlobs({ folder: '' })).toThrow('folder must be the path of a folder');
  });

  it('symbolic links below the folder are not followed, and what they lead to stays', async () => {
    const folder = newFolder();
    const outside = newFolder();
    mkdirSync(folder, { recursive: true });
    mkdirSync(outside, { recursive: true });
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(folder, 'link'));
    symlinkSync(join(outside, 'secret'), join(folder, 'file'));
    const blobs = createFileBlobs({ folder });
    const refused = { code: 'store_failed', message: expect.stringContaining('symbolic link') as string };
    for (const key of ['link/secret', 'link/new']) {
      await expect(blobs.get(key)).rejects.toMatchObject(refused);
      await expect(blobs.put(key, bytes('x'))).rejects.toMatchObject(refused);
      await expect(blobs.delete(key)).rejects.toMatchObject(refused);
    }
    await expect(blobs.get('file')).rejects.toMatchObject(refused);
    await blobs.put('file', bytes('mine')); // takes the link's place
    expect(Buffer.from((await blobs.get('file')) ?? []).toString()).toBe('mine');
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('a key that is the beginning of another is refused with the reason', async () => {
    const blobs = createFileBlobs({ folder: newFolder() });
    await blobs.put('a/b', bytes('x'));
    await expect(blobs.put('a', bytes('y'))).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The blob a cannot be used: its key is the beginning of the key of another blob.',
    });
    await expect(blobs.put('a/b/c', bytes('y'))).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The blob a/b/c cannot be used: the beginning of its key is the key of another blob.',
    });
    const long = 'x'.repeat(300);
    await expect(blobs.put(long, bytes('y'))).rejects.toMatchObject({ code: 'store_failed' });
    expect(await blobs.get(long)).toBeUndefined();
    await blobs.delete(long);
  });

  it('what a killed process left half written is removed after an hour', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    for (const name of ['~old', '~new']) writeFileSync(join(folder, name), 'half');
    utimesSync(join(folder, '~old'), new Date(Date.now() - 2 * 3_600_000), new Date(Date.now() - 2 * 3_600_000));
    await createFileBlobs({ folder }).put('a', bytes('x'));
    expect(readdirSync(folder).sort()).toEqual(['a', '~new']);
  });

  it('a named pipe is not a blob, and is not opened', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    if (spawnSync('mkfifo', [join(folder, 'pipe')]).status !== 0) throw new Error('this test needs mkfifo');
    const blobs = createFileBlobs({ folder });
    expect(await blobs.get('pipe')).toBeUndefined();
    await blobs.delete('pipe');
    expect(readdirSync(folder)).toEqual(['pipe']);
  });

  it('a folder that cannot be made is said', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await expect(createFileBlobs({ folder: join(file, 'blobs') }).put('a', bytes('x'))).rejects.toMatchObject({
      code: 'store_failed',
    });
  });
});

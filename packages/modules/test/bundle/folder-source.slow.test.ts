import { appendFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bundleSourceContract } from '@mcp-daemon/core/contract';

import { tempFolder } from '../../../../tests/temp-folder.js';
import { folderSource } from '../../src/bundle/index.js';

describe('bundles in a folder', () => {
  it.each(bundleSourceContract.map((check) => [check.name, check] as const))('%s', async (_, check) => {
    await check.run(() => {
      const folder = tempFolder();
      return {
        source: folderSource({ folder, keep: 2 }),
        keep: 2,
        put: (file, bytes) => writeFileSync(join(folder, file), bytes),
        remove: (name) => rmSync(join(folder, `${name}.zip`)),
      };
    });
  });

  it('a file that is written while it is read is read again, or said to be busy', async () => {
    const folder = tempFolder();
    const source = folderSource({ folder });
    const path = join(folder, 'p.zip');
    writeFileSync(path, Buffer.alloc(5_000_000));
    let writing = true;
    const write = (): void => {
      if (!writing) return;
      // On a quick disk it would become too large before it is said to be busy.
      if (statSync(path).size > 50_000_000) truncateSync(path, 5_000_000);
      appendFileSync(path, Buffer.alloc(10_000));
      setImmediate(write);
    };
    write();
    await expect(source.fetch('p', 1e9)).rejects.toMatchObject({
      code: 'store_busy',
      message: expect.stringMatching(/is being written/),
    });
    writing = false;
    const { bytes, version } = (await source.fetch('p', 1e9))!;
    expect(bytes.length).toBeGreaterThan(5_000_000);
    expect(version).toBe(await source.version('p'));
  });

  it('a push that fails leaves nothing behind, and the bundle that was there', async () => {
    const folder = tempFolder();
    const source = folderSource({ folder });
    await source.push('p', Buffer.from('first'));
    const fails = (): void => {
      throw new Error('the disk is full');
    };
    await expect(source.push('p', Buffer.from('second'), fails)).rejects.toMatchObject({ code: 'store_failed' });
    expect(readdirSync(folder)).toEqual(['p.zip']);
    expect(Buffer.from((await source.fetch('p', 100))!.bytes).toString()).toBe('first');
  });

  it('a folder that cannot be read is said to be so', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    const source = folderSource({ folder: file });
    await expect(source.version('p')).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/cannot read .*p\.zip/),
    });
  });
});

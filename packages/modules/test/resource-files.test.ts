import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { arrival } from '../../../tests/until.js';
import { resourceFiles } from '../src/index.js';

describe('files that are resources', () => {
  let root: string;
  let base: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mcp-resource-files-'));
    base = join(root, 'config');
    await mkdir(join(base, 'ui'), { recursive: true });
    await writeFile(join(base, 'ui', 'view.html'), '<p>one</p>');
    await writeFile(join(root, 'secret'), 'secret');
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const text = async (path: string): Promise<string> => {
    const files = resourceFiles({ base });
    return Buffer.from(await files.read(path)).toString();
  };

  it('are read anew each time', async () => {
    expect(await text('ui/view.html')).toBe('<p>one</p>');
    await writeFile(join(base, 'ui', 'view.html'), '<p>two</p>');
    expect(await text('ui/view.html')).toBe('<p>two</p>');
  });

  it('may be links to files in the folder, and to nothing outside of it', async () => {
    await symlink('view.html', join(base, 'ui', 'same.html'));
    await symlink('../../secret', join(base, 'ui', 'out.html'));
    await symlink('..', join(base, 'up'));
    expect(await text('ui/same.html')).toBe('<p>one</p>');
    for (const path of ['ui/out.html', 'up/secret', '../secret', 'ui/../../secret'])
      await expect(text(path)).rejects.toThrow(
        `The file "${path}" of this resource cannot be read: it is outside of its folder.`,
      );
  });

  it('that cannot be read say why, without the folder of the server', async () => {
    for (const [path, why] of [
      ['none.html', 'it does not exist'],
      ['ui/view.html/x', 'it does not exist'],
      ['ui', 'it is not a file'],
    ] as const) {
      const error = await text(path).catch((cause: unknown) => cause as Error);
      expect((error as Error).message).toBe(`The file "${path}" of this resource cannot be read: ${why}.`);
    }
    const small = resourceFiles({ base, maxBytes: 5 });
    await expect(small.read('ui/view.html')).rejects.toThrow('it has 10 bytes, and the maximum is 5');
  });

  it('that change after they were read are reported, also when they are saved by renaming', async () => {
    const files = resourceFiles({ base });
    let report: (path: string) => void = () => undefined;
    files.watch?.((path) => report(path));
    const changed = (): Promise<string> => new Promise((resolve) => (report = resolve));
    try {
      await files.read('ui/view.html');
      let next = changed();
      await writeFile(join(base, 'ui', 'view.html'), '<p>written</p>');
      expect(await next).toBe('ui/view.html');
      next = changed();
      await writeFile(join(base, 'ui', 'other'), '<p>renamed in place</p>');
      await rename(join(base, 'ui', 'other'), join(base, 'ui', 'view.html'));
      expect(await next).toBe('ui/view.html');
    } finally {
      await files.close?.();
    }
  });

  it('that are emptied or removed before they are written are reported once they are written', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const files = resourceFiles({ base });
    const reports: string[] = [];
    let tell = (): void => undefined;
    files.watch?.((path) => {
      reports.push(path);
      tell();
    });
    const told = async (count: number): Promise<void> => {
      while (reports.length < count) await arrival(new Promise<void>((done) => (tell = done)), 'a report');
    };
    const view = join(base, 'ui', 'view.html');
    await writeFile(join(base, 'ui', 'other'), '1');
    try {
      await files.read('ui/view.html');
      await files.read('ui/other');
      for (const empty of [() => writeFile(view, ''), () => rm(view)]) {
        reports.length = 0;
        await empty();
        await writeFile(join(base, 'ui', 'new'), 'a');
        await rename(join(base, 'ui', 'new'), join(base, 'ui', 'other'));
        await told(1);
        await writeFile(view, `<p>${String(empty)}</p>`);
        await told(2);
        expect(reports).toEqual(['ui/other', 'ui/view.html']);
      }
      // One that stays empty is reported, too.
      await writeFile(view, '');
      clock.mockRestore();
      await told(3);
      expect(reports[2]).toBe('ui/view.html');
    } finally {
      clock.mockRestore();
      await files.close?.();
    }
  });

  it('that change after they were followed are reported, also if they were not read', async () => {
    const files = resourceFiles({ base });
    const changed = new Promise<string>((resolve) => files.watch?.(resolve));
    files.follow?.('ui/view.html');
    await writeFile(join(base, 'ui', 'view.html'), '<p>written</p>');
    expect(await changed).toBe('ui/view.html');
    await files.close?.();
  });
});

import { createHash } from 'node:crypto';

import type { RunnerFixture } from '../../src/contract/index.js';
import { runnerContextContract, runnerContract } from '../../src/contract/index.js';
import type { LoadedModule, ModuleSource } from '../../src/index.js';
import { DaemonError } from '../../src/index.js';
import { createInProcessRunner } from '../../src/runner/in-process.js';
import { memoryLogger } from '../support.js';

let loads = 0;

/** Modules whose code is text. Each load runs the text again. */
function textModules(digests: boolean): { source: ModuleSource; texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const source: ModuleSource = {
    accepts: (link) => link.source === undefined,
    async load({ module_name: name }): Promise<LoadedModule> {
      const text = texts.get(name);
      if (text === undefined) throw new DaemonError('module_not_found', `there is no text "${name}"`);
      const url = `data:text/javascript,${encodeURIComponent(`${text}\n// ${(loads += 1)}`)}`;
      try {
        const exports = (await import(url)) as Record<string, unknown>;
        return { exports, digest: digests ? createHash('sha256').update(text).digest('hex') : null };
      } catch (cause) {
        throw new DaemonError('module_failed', `"${name}" cannot be loaded`, { cause });
      }
    },
  };
  return { source, texts };
}

describe.each([true, false])('the runner of this process, over modules with digests: %s', (digests) => {
  for (const check of [...runnerContract, ...runnerContextContract]) {
    it(check.name, () =>
      check.run((): RunnerFixture => {
        const { source, texts } = textModules(digests);
        return {
          runner: createInProcessRunner({ modules: [source], logger: memoryLogger().logger }),
          link: (module) => ({ kind: 'link', package_name: 'texts', module_name: module }),
          install: (module, code) => void texts.set(module, code),
          digests,
        };
      }),
    );
  }
});

describe('the runner of this process', () => {
  it('builds classes with the setting that their source makes of the one in the link', async () => {
    const { source, texts } = textModules(false);
    texts.set('m', 'export class C { constructor({ setting }) { this.setting = setting; } f() { return this.setting.a; } }');
    const settingOf: ModuleSource['settingOf'] = ({ setting }) => {
      if (setting['a'] === undefined) throw new Error('setting.a is missing');
      return { ...setting, a: `${String(setting['a'])} of the source` };
    };
    const { logger } = memoryLogger();
    const runner = createInProcessRunner({ modules: [{ ...source, settingOf }], logger });
    const link = { kind: 'link', package_name: 'm', module_name: 'm', class_name: 'C', function_name: 'f' } as const;
    expect((await runner.resolve({ ...link, setting: { a: 'one' } }, 'default')).call({}, {})).toBe('one of the source');
    await expect(runner.resolve({ ...link, setting: {} }, 'default')).rejects.toMatchObject({
      code: 'module_failed',
      message: 'class "C" of module "m" could not be built: setting.a is missing',
    });
  });

  it('accepts the links that one of its sources accepts, and closes all sources', async () => {
    const closed: string[] = [];
    const source = (name: string): ModuleSource => ({
      accepts: (link) => link.source === name,
      load: () => Promise.reject(new Error('not asked')),
      close: () => {
        closed.push(name);
        if (name === 'zip') throw new Error('stuck');
      },
    });
    const runner = createInProcessRunner({ modules: [source('zip'), source('s3')], logger: memoryLogger().logger });
    const link = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} } as const;
    expect([runner.accepts({ ...link, source: 's3', isolation: 'none' }), runner.accepts(link)]).toEqual([true, false]);
    expect(runner.accepts({ ...link, source: 's3' })).toBe(false); // bundles run in processes of their own
    await expect(runner.resolve(link, 'a')).rejects.toMatchObject({ code: 'module_not_found' });
    await expect(runner.close?.()).rejects.toThrow('stuck');
    expect(closed).toEqual(['zip', 's3']);
  });
});

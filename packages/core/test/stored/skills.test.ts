/** Skills of bundles in stored catalogs: planned, applied, served, exported, and rolled back. */
import type { ConfigDocument } from '../../src/config/document.js';
import { createMemoryCatalogStore } from '../../src/memory/catalogs.js';
import type { CatalogStore } from '../../src/ports/catalog-store.js';
import { adoptRows, applyConfig, editConfig } from '../../src/stored/apply.js';
import { diffRevisions, exportConfig, partitionStatus, rollbackTo } from '../../src/stored/history.js';
import { planConfig } from '../../src/stored/plan.js';
import { createStoredSource } from '../../src/stored/source.js';
import { storedCatalog } from '../../src/stored/stored-catalog.js';
import { memoryLogger } from '../support.js';
import { AUTHOR, config } from './support.js';

const MODULE = { module_name: 'orders', package_name: 'shop', source: 'zip', setting: { key: 'secret' } };
const SKILL = { path: 'skills/refunds', module_name: 'orders', scopes: ['orders:refund'] };

/** A config of one tool, and of skills in a bundle. */
const withSkills = (skills: ConfigDocument['skills'], module: object = MODULE): ConfigDocument => {
  const base = config(['a']);
  return { ...base, skills, modules: [...(base.modules ?? []), module as typeof MODULE] };
};

let catalogs: CatalogStore;
beforeEach(() => {
  catalogs = createMemoryCatalogStore();
});

const served = async () => (await storedCatalog(catalogs, 'acme'))?.skills;
const apply = (document: ConfigDocument, options: object = {}) =>
  applyConfig(catalogs, 'acme', document, { ...AUTHOR, allowBreaking: true, ...options });

describe('skills of a stored catalog', () => {
  it('are planned by name, and served with the place of their bundle, without its setting', async () => {
    const { changes } = await planConfig(catalogs, 'acme', withSkills([SKILL]));
    expect(changes).toContainEqual({ kind: 'added', path: '$.skills.refunds', after: SKILL });
    await apply(withSkills([SKILL]));
    const { path, scopes } = SKILL;
    const link = { kind: 'link', module_name: 'orders', function_name: '', package_name: 'shop', source: 'zip', setting: {} };
    expect(await served()).toEqual([{ path, scopes, module: link }]);
    const source = createStoredSource({ catalogs, logger: memoryLogger().logger });
    expect((await source.load('acme'))?.skills).toEqual([{ path, scopes, module: link }]);
    source.close();
  });

  it('change field by field, and what breaks callers is marked', async () => {
    await apply(withSkills([SKILL, { path: 'skills/returns', module_name: 'orders' }]));
    const next = withSkills([{ ...SKILL, path: 'other/refunds', scopes: ['orders:refund', 'orders:pay'] }], {
      ...MODULE,
      sha256: 'a'.repeat(64),
    });
    const { changes } = await planConfig(catalogs, 'acme', next);
    expect(changes).toEqual([
      { kind: 'changed', path: '$.skills.refunds.path', before: 'skills/refunds', after: 'other/refunds' },
      {
        kind: 'changed',
        path: '$.skills.refunds.scopes',
        before: ['orders:refund'],
        after: ['orders:refund', 'orders:pay'],
        breaking: 'callers need "orders:pay" now',
      },
      {
        kind: 'removed',
        path: '$.skills.returns',
        before: { path: 'skills/returns', module_name: 'orders' },
        breaking: 'the skill is gone',
      },
      { kind: 'added', path: '$.modules.orders.sha256', after: 'a'.repeat(64) },
    ]);
  });

  it('are exported, and an export that is applied changes nothing', async () => {
    await apply(withSkills([{ ...SKILL, scopes: [] }]));
    const exported = await exportConfig(catalogs, 'acme');
    expect(exported.skills).toEqual([{ path: 'skills/refunds', module_name: 'orders' }]);
    expect((await planConfig(catalogs, 'acme', exported)).unchanged).toBe(true);
  });

  it('come back with a rollback, and are compared between revisions', async () => {
    const first = await apply(withSkills([SKILL]));
    const second = await apply(config(['a']));
    expect(await served()).toBeUndefined();
    const [before, after] = [first, second].map(({ entry }) => entry?.revision ?? '') as [string, string];
    expect((await diffRevisions(catalogs, 'acme', before, after)).map(({ kind, path }) => [kind, path])).toEqual([
      ['removed', '$.skills.refunds'],
    ]);
    await rollbackTo(catalogs, 'acme', before, AUTHOR);
    expect(await served()).toMatchObject([{ path: 'skills/refunds' }]);
  });

  it('stay in an edit, an adoption of rows and a merge, which replaces those of one name', async () => {
    await apply(withSkills([SKILL, { path: 'skills/returns', module_name: 'orders' }]));
    await editConfig(catalogs, 'acme', (document) => ({ ...document, instructions: 'Be brief.' }), AUTHOR);
    expect(await served()).toHaveLength(2);
    expect((await partitionStatus(catalogs, 'acme')).rows).toEqual([]);
    await adoptRows(catalogs, 'acme', AUTHOR);
    expect(await served()).toHaveLength(2);
    const added = { skills: [{ path: 'v2/refunds', module_name: 'orders' }], modules: [MODULE] };
    await apply(added, { merge: true });
    expect((await served())?.map(({ path, scopes }) => [path, scopes])).toEqual([
      ['v2/refunds', undefined],
      ['skills/returns', undefined],
    ]);
    await apply({ title: 'Shop', tools: config(['b']).tools, module_links: config(['b']).module_links }, { merge: true });
    expect(await served()).toHaveLength(2);
  });

  it('are served although the setting of their module cannot be read', async () => {
    await apply(withSkills([SKILL]));
    const [id = ''] = (await catalogs.settings('acme')).items
      .map(({ setting_id }) => setting_id)
      .filter((one) => /^orders/.test(one));
    const broken: CatalogStore = {
      ...catalogs,
      settings: async (partition, query) => {
        const page = await catalogs.settings(partition, query);
        return {
          ...page,
          items: page.items.filter((row) => row.setting_id !== id),
          bad: [{ row: `mcp-settings/${id}`, reason: 'no JSON' }],
        };
      },
    };
    expect((await storedCatalog(broken, 'acme'))?.skills).toMatchObject([{ module: { package_name: 'shop', setting: {} } }]);
  });

  it('are refused where they are folders of this machine', async () => {
    await expect(planConfig(catalogs, 'acme', { ...config(['a']), skills: [{ path: 'skills/refunds' }] })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('put the skill into a bundle') as string,
    });
  });
});

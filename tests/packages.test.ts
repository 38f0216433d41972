import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { manifests, root } from './walls.js';

const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
const all = [...manifests].map(([folder, manifest]) => ({ folder, manifest }));

describe.each(all)('packages/$folder', ({ folder, manifest }) => {
  it('says what every package says', () => {
    expect(manifest).toMatchObject({
      version: json('package.json')['version'],
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: json('package.json')['engines'],
      publishConfig: { access: 'public' },
    });
    expect(manifest.files).toEqual(expect.arrayContaining(['dist/**/*.js', 'dist/**/*.d.ts']));
  });

  it('names types before code in its exports', () => {
    for (const target of Object.values(manifest.exports)) {
      if (typeof target !== 'string') expect(Object.keys(target)).toEqual(['types', 'default']);
    }
  });

  it('pins what it depends on', () => {
    for (const [name, version] of Object.entries({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.devDependencies,
    })) {
      expect(`${name} ${version}`).toMatch(/ (workspace:\*|\d+\.\d+\.\d+(-[\w.]+)?)$/);
    }
  });

  it('is part of the build and of the test types', () => {
    const reference = { path: `packages/${folder}` };
    expect(json('tsconfig.json')['references']).toContainEqual(reference);
    expect(json('tsconfig.test.json')['references']).toContainEqual(reference);
  });

  it('introduces itself', () => {
    expect(existsSync(join(root, 'packages', folder, 'README.md'))).toBe(true);
  });
});

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('docs/hosts.md names the versions that scripts/real-hosts.mjs runs', () => {
  const pinned = [
    ...read('scripts/real-hosts/hosts.mjs').matchAll(
      /packages: \{ '?([^']+?)'?: '([\d.]+)' \},\s+bin: '[^']+',\s+install: '([^']+)'/g,
    ),
  ].map(([, , version, host]) => `${host} ${version}`);
  const tried = [...read('docs/hosts.md').matchAll(/^\|[^|]+\| `([a-z-]+)` \|.*\| ([\d.]+) \|$/gm)].map(
    ([, host, version]) => `${host} ${version}`,
  );
  expect(pinned.length).toBeGreaterThan(6);
  expect(tried.sort()).toEqual(pinned.sort());
});

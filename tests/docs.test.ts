import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { root } from './walls.js';

const SKIPPED = new Set(['node_modules', 'dist', 'build', 'coverage', '.git']);

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? documents(path) : entry.name.endsWith('.md') ? [path] : [];
  });
}

const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

/** GitHub's name for a heading. */
const anchor = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const anchors = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchor(heading ?? ''));

describe.each(documents(root).map((path) => relative(root, path)))('%s', (name) => {
  const path = join(root, name);
  const text = readFileSync(path, 'utf8');

  it('links to what is there', () => {
    const broken = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link ?? '')
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file = '', fragment] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        return !existsSync(target) || (fragment !== undefined && target.endsWith('.md') && !anchors(target).includes(fragment));
      });
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const named = [...text.matchAll(/\bnpm run ([a-z:-]+)/g)].map(([, script]) => script ?? '');
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});

test('CONTRIBUTING.md has every npm script', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  expect(Object.keys(scripts).filter((script) => !new RegExp(`npm (run )?${script}\\b`).test(text))).toEqual([]);
});

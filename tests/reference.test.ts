/** The reference pages name everything that there is, and their examples are good. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseConfig } from '@mcp-daemon/core';

import { SETTINGS } from '../packages/cli/src/settings/settings.js';
import { root } from './walls.js';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Schema {
  properties?: Record<string, Schema>;
  $defs?: Record<string, Schema>;
  [key: string]: unknown;
}

/** The keys of every object that a schema describes. */
function keys(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const name of Object.keys((schema as Schema).properties ?? {})) found.add(name);
  for (const [name, part] of Object.entries(schema)) if (!/^(examples?|default|defaultSnippets)$/.test(name)) keys(part, found);
  return found;
}

test('docs/config.md names every key of the config file', () => {
  const page = read('docs/config.md');
  const missing = [...keys(JSON.parse(read('packages/core/src/config/config.schema.json')))].filter((key) => !page.includes(key));
  expect(missing.filter((key) => !['src', 'sizes', 'theme'].includes(key))).toEqual([]); // of icons
});

test('docs/cli.md has every setting, with its variable and its default', () => {
  const page = read('docs/cli.md');
  for (const setting of Object.values(SETTINGS)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`--${setting.flag}\``)) ?? `no row for --${setting.flag}`;
    expect(row).toContain(`\`${setting.env}\``);
    if ('default' in setting && typeof setting.default !== 'boolean') expect(row).toMatch(new RegExp(`\\W${setting.default}\\W`));
  }
});

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
const configs = pages.flatMap((page) =>
  [...read(page).matchAll(/^```json\n([\s\S]*?)^```$/gm)]
    .map(([, text = '']) => ({ page, text }))
    .filter(({ text }) => text.includes('module_links')),
);

test('there are configs in the pages', () => expect(configs.length).toBeGreaterThan(1));

test.each(configs)('a config in $page is one', ({ text }) => {
  expect(parseConfig(text).definition.functions.length).toBeGreaterThan(0);
});

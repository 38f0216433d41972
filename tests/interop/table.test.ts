import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { table } from './table.js';

const page = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs/interop.md');
const [start, end] = [
  '<!-- table: written by INTEROP_TABLE=1 npm run jest -- interop/table -->\n\n',
  '\n\n<!-- end of table -->',
];

test('docs/interop.md has the table of this suite', () => {
  const text = readFileSync(page, 'utf8');
  const [before = '', rest = ''] = text.split(start);
  const [found, after = ''] = rest.split(end);
  if (process.env['INTEROP_TABLE']) writeFileSync(page, `${before}${start}${table()}${end}${after}`);
  else expect(found).toBe(table());
});

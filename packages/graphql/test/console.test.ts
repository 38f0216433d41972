/** What the console asks of the GraphQL API: every document in it is valid, with the variables that it sends. */
import { readdir, readFile } from 'node:fs/promises';

import { buildSchema, parse, validate } from 'graphql';

const here = (path: string): URL => new URL(`../../../${path}`, import.meta.url);
const API = 'packages/console/src/api/';

/** The texts of the constants of a file, with the constants that they name filled in. */
function textsOf(source: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', plain, template] of source.matchAll(/^const ([A-Z_]+) =\s*(?:'([^']*)'|`([^`]*)`);$/gm)) {
    const text = plain ?? template ?? '';
    found.set(
      name,
      text.replace(/\$\{([A-Z_]+)\}/g, (_, other: string) => found.get(other) ?? `unknown_${other}`),
    );
  }
  return found;
}

describe('the documents of the console', () => {
  it('are valid', async () => {
    const schema = buildSchema(await readFile(here('packages/graphql/schema.graphql'), 'utf8'));
    const faults: string[] = [];
    let documents = 0;
    for (const file of await readdir(here(API))) {
      for (const [name, text] of textsOf(await readFile(here(API + file), 'utf8'))) {
        if (!/^(query|mutation|subscription) /.test(text)) continue;
        documents += 1;
        for (const { message } of validate(schema, parse(text))) faults.push(`${file} ${name}: ${message}`);
      }
    }
    expect(faults).toEqual([]);
    expect(documents).toBeGreaterThan(12);
  });
});

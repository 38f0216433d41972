/**
 * The public JSON Schema test suite. It runs if there is a copy of it:
 * `JSON_SCHEMA_TEST_SUITE=../JSON-Schema-Test-Suite npm run jest -- compile/suite`.
 *
 * @see https://github.com/json-schema-org/JSON-Schema-Test-Suite
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '../../../src/base/json.js';
import { DaemonError } from '../../../src/protocol/errors.js';
import { compileSchema } from '../../../src/schema/compile/compile-schema.js';

interface Group {
  description: string;
  schema: JsonObject | boolean;
  tests: { description: string; data: unknown; valid: boolean }[];
}

const suite = process.env.JSON_SCHEMA_TEST_SUITE;
const drafts = [
  ['draft2020-12', 'https://json-schema.org/draft/2020-12/schema'],
  ['draft2019-09', 'https://json-schema.org/draft/2019-09/schema'],
  ['draft7', 'http://json-schema.org/draft-07/schema#'],
] as const;

function groups(draft: string): Group[] {
  const folder = join(suite ?? '', 'tests', draft);
  const files = suite === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.flatMap((file) =>
    (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Group[]).map((group) => ({
      ...group,
      description: `${file}: ${group.description}`,
    })),
  );
}

/** A schema that refers to other documents, or has a dialect of its own, is refused: nothing is ever fetched. */
function refused(error: unknown): boolean {
  return error instanceof DaemonError && /is never fetched|\$schema: must be/.test(error.message);
}

(suite === undefined ? describe.skip : describe).each(drafts)('%s', (draft, $schema) => {
  it('every required test passes whose documents are all inside the schema', () => {
    const wrong: string[] = [];
    const outside: string[] = [];
    for (const { description, schema, tests } of groups(draft)) {
      try {
        const check = compileSchema((typeof schema === 'boolean' ? schema : { $schema, ...schema }) as JsonObject);
        for (const test of tests) if (check(test.data).ok !== test.valid) wrong.push(`${description}: ${test.description}`);
      } catch (error) {
        (refused(error) ? outside : wrong).push(description);
      }
    }
    expect(wrong).toEqual([]);
    expect(outside.length).toBeLessThanOrEqual(40);
  });
});

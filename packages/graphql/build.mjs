/**
 * Writes src/schema-text.ts, which holds schema.graphql: so the text is there in the package, in a bundle and in tests. Run it after a
 * change of schema.graphql; a test fails if it was forgotten.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** The module's text for a schema. */
export const moduleOf = (schema) =>
  `/** Made of schema.graphql by build.mjs. */\nexport const SCHEMA_TEXT =\n  ${JSON.stringify(schema)};\n`;

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const schema = await readFile(join(here, 'schema.graphql'), 'utf8');
  await writeFile(join(here, 'src/schema-text.ts'), moduleOf(schema));
}

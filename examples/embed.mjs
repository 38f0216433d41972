/** A program that serves its own functions: no config file, schemas from zod or as plain JSON Schema. */
import { realpathSync } from 'node:fs';

import { createDaemon, defineCatalog, definePrompt, defineResource, defineTool, serveStdio } from 'mcp-daemon';
import { z } from 'zod';

const add = defineTool({
  name: 'add',
  description: 'Add two numbers',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  outputSchema: z.object({ sum: z.number() }),
  run: ({ a, b }) => ({ sum: a + b }),
});

const greet = defineTool({
  name: 'greet',
  inputSchema: { type: 'object', properties: { name: { type: 'string', default: 'World' } } },
  run: ({ name }) => `Hello, ${name}!`,
});

const clock = defineResource({ name: 'clock', uri: 'time://now', run: () => new Date().toISOString() });

const review = definePrompt({
  name: 'review',
  arguments: [{ name: 'language', required: true, completions: ['French', 'German', 'Greek'] }],
  run: ({ language }) => `Review this text as a native speaker of ${language}.`,
});

export const daemon = createDaemon({
  catalog: defineCatalog({ functions: [add, greet, clock, review] }),
  server: { name: 'embedded', version: '1.0.0' },
});

// Only if this file is the main program, so that embed-test.mjs can import the daemon without a process.
if (import.meta.filename === realpathSync(process.argv[1])) {
  await serveStdio(daemon, { input: process.stdin, output: process.stdout }).closed;
  await daemon.close();
}

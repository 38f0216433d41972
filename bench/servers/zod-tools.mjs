/**
 * The tools with zod schemas. All that add share one schema, which spares these servers most of what ten thousand would cost.
 */
import { z } from 'zod';

import { functionOf, toolList, wanted } from './tools.mjs';

const greeting = { name: z.string().optional() };
const additions = { a: z.number().int(), b: z.number().int() };

/** As SDK v1 wants them, and as v2 does. */
export const schemas = {
  shapes: { greeting, additions },
  objects: { greeting: z.object(greeting), additions: z.object(additions) },
};

/** Registers the wanted tools with an McpServer of either SDK. */
export function register(server, { greeting: forHello, additions: forOthers }) {
  for (const { name, description } of toolList(wanted())) {
    const run = functionOf(name);
    const inputSchema = name === 'hello' ? forHello : forOthers;
    server.registerTool(name, { description, inputSchema }, (args) => ({ content: [{ type: 'text', text: run(args) }] }));
  }
}

/**
 * The tools with zod schemas. All tools that add share one schema, which saves these servers most of the cost of ten thousand.
 */
import { z } from 'zod';

import { functionOf, toolList, wanted } from './tools.mjs';

const greeting = { name: z.string().optional() };
const additions = { a: z.number().int(), b: z.number().int() };

/** The schema in the form of SDK v1, and in the form of v2. */
export const schemas = {
  shapes: { greeting, additions },
  objects: { greeting: z.object(greeting), additions: z.object(additions) },
};

/** Registers the tools with an McpServer of either SDK. */
export function register(server, { greeting: forHello, additions: forOthers }) {
  for (const { name, description } of toolList(wanted())) {
    const run = functionOf(name);
    const inputSchema = name === 'hello' ? forHello : forOthers;
    server.registerTool(name, { description, inputSchema }, (args) => ({ content: [{ type: 'text', text: run(args) }] }));
  }
}

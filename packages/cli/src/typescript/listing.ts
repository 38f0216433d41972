/**
 * What a server offers, as far as types are made of it. It comes from a config file, a store or a running server.
 */
import type { FunctionDefinition, JsonObject } from '@mcp-daemon/core';

/** What all entries have in common. */
interface Entry {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

/** A tool. */
export interface ListedTool extends Entry {
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject | undefined;
}

/** A resource with a fixed URI. */
export interface ListedResource extends Entry {
  readonly uri: string;
  readonly mimeType?: string | undefined;
}

/** A family of resources. */
export interface ListedTemplate extends Entry {
  readonly uriTemplate: string;
  readonly mimeType?: string | undefined;
}

/** A prompt. */
export interface ListedPrompt extends Entry {
  readonly arguments: readonly (Entry & { readonly required?: boolean | undefined })[];
}

/** All that a server offers. */
export interface Listing {
  readonly tools: readonly ListedTool[];
  readonly resources: readonly ListedResource[];
  readonly templates: readonly ListedTemplate[];
  readonly prompts: readonly ListedPrompt[];
}

/** What the functions of a catalog are listed as. */
export function listingOf(functions: readonly FunctionDefinition[]): Listing {
  return {
    tools: functions.filter((entry) => entry.kind === 'tool'),
    resources: functions.filter((entry) => entry.kind === 'resource'),
    templates: functions.filter((entry) => entry.kind === 'resource_template'),
    prompts: functions.filter((entry) => entry.kind === 'prompt'),
  };
}

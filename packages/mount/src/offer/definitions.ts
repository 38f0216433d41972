/** From what a mounted server offers to functions of our catalog. Schemas go through untouched. */
import type {
  Completion,
  FunctionBase,
  FunctionDefinition,
  FunctionKind,
  Icon,
  JsonObject,
  LinkBinding,
  MountDefinition,
  PromptArgument,
} from '@mcp-daemon/core';
import { compileUriTemplate, headerMistake, isObject } from '@mcp-daemon/core';

import type { Offer } from '../connection/lists.js';
import { isServed, nameProblem } from './names.js';

/** A function that is not served, and why. */
export interface LeftOut {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly why: string;
}

/** The functions of one mounted server. */
export interface Offered {
  readonly functions: readonly FunctionDefinition[];
  readonly leftOut: readonly LeftOut[];
}

/** What is known of a server besides its offer. */
export interface OfferState {
  /** Whether it completes arguments. */
  readonly completes: boolean;
  /** Whether calls of its tools may be answered with tasks. */
  readonly makesTasks: boolean;
  /** Whether it cannot be reached: its functions are marked. */
  readonly isDown: boolean;
}

/** A call that a server answers with a task becomes a task of ours if it takes longer, in milliseconds. */
const TASK_AFTER_MS = 500;

/** Key in `_meta` of a function whose server cannot be reached. */
export const DOWN = 'io.mcp-daemon/unavailable';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

class Builder {
  readonly functions: FunctionDefinition[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly #mount: MountDefinition;
  readonly #setting: { mount: JsonObject };
  readonly #completes: boolean;
  readonly #makesTasks: boolean;
  readonly #isDown: boolean;

  constructor(mount: MountDefinition, { completes, makesTasks, isDown }: OfferState) {
    this.#mount = mount;
    this.#setting = { mount: mount as unknown as JsonObject };
    this.#completes = completes;
    this.#makesTasks = makesTasks;
    this.#isDown = isDown;
  }

  /** @param name as the server spells it */
  #link(kind: FunctionKind, name: string): LinkBinding {
    const { name: server } = this.#mount;
    return {
      kind: 'link',
      package_name: server,
      module_name: server,
      function_name: name,
      source: 'mcp',
      setting: this.#setting,
      passThrough: true,
      use: { kind, name },
    };
  }

  #completion(ref: JsonObject, argument: string, name: string): Completion | undefined {
    if (!this.#completes) return undefined;
    const binding: LinkBinding = {
      ...this.#link('prompt', name),
      setting: { ...this.#setting, ref, argument },
      use: { kind: 'completion', name },
    };
    return { kind: 'function', binding };
  }

  /** The members of all functions. */
  #common(kind: FunctionKind, name: string, served: string, entry: JsonObject): FunctionBase {
    const { title, description, icons, annotations, _meta } = entry;
    const { timeout_ms, record, quota, scopes, approve } = this.#mount;
    const meta = this.#isDown ? { ...(isObject(_meta) ? _meta : {}), [DOWN]: true } : _meta;
    return {
      name: served,
      ...(typeof title === 'string' && { title }),
      ...(typeof description === 'string' && { description }),
      ...(Array.isArray(icons) && { icons: icons as Icon[] }),
      ...(isObject(annotations) && { annotations }),
      ...(isObject(meta) && { _meta: meta }),
      ...(timeout_ms !== undefined && { timeout_ms }),
      ...(record !== undefined && { record }),
      ...(quota !== undefined && { quota }),
      ...(scopes !== undefined && scopes.length > 0 && { scopes }),
      ...(approve !== undefined && kind === 'tool' && { approve }),
      binding: this.#link(kind, name),
    };
  }

  /** @returns the name of an entry that is served */
  #nameOf(kind: FunctionKind, { name }: JsonObject, prefix: string): string | undefined {
    const why = nameProblem(name) ?? nameProblem(`${prefix}${String(name)}`);
    if (why !== undefined) {
      this.leftOut.push({ kind, name: String(name).slice(0, 100), why });
      return undefined;
    }
    return isServed(name as string, this.#mount) ? (name as string) : undefined;
  }

  tool(entry: JsonObject): void {
    const { prefix } = this.#mount;
    const name = this.#nameOf('tool', entry, prefix);
    if (name === undefined) return;
    const { inputSchema, outputSchema } = entry;
    if (!isObject(inputSchema)) {
      this.leftOut.push({ kind: 'tool', name, why: 'its inputSchema is no object' });
      return;
    }
    // Clients over HTTP must not use such a tool: its arguments would not be in the headers that proxies read.
    const wrong = this.#mount.url === undefined ? undefined : headerMistake(inputSchema);
    if (wrong !== undefined) {
      this.leftOut.push({ kind: 'tool', name, why: wrong });
      return;
    }
    this.functions.push({
      kind: 'tool',
      ...this.#common('tool', name, `${prefix}${name}`, entry),
      // Clients need a type: without it, some refuse the whole list.
      inputSchema: inputSchema['type'] === undefined ? { type: 'object', ...inputSchema } : inputSchema,
      ...(isObject(outputSchema) && { outputSchema }),
      ...(this.#makesTasks && { task: 'optional' as const, task_after_ms: TASK_AFTER_MS }),
    });
  }

  resource(entry: JsonObject): void {
    const { uri, mimeType, size } = entry;
    const name = this.#nameOf('resource', entry, '');
    if (name === undefined) return;
    if (typeof uri !== 'string' || uri === '') {
      this.leftOut.push({ kind: 'resource', name, why: 'it has no uri' });
      return;
    }
    this.functions.push({
      kind: 'resource',
      ...this.#common('resource', name, name, entry),
      uri,
      ...(typeof mimeType === 'string' && { mimeType }),
      ...(typeof size === 'number' && { size }),
    });
  }

  template(entry: JsonObject): void {
    const { uriTemplate, mimeType } = entry;
    const name = this.#nameOf('resource_template', entry, '');
    if (name === undefined) return;
    let variables: readonly string[];
    try {
      if (typeof uriTemplate !== 'string' || uriTemplate === '') throw new Error('it has no uriTemplate');
      ({ variables } = compileUriTemplate(uriTemplate));
    } catch (error) {
      this.leftOut.push({ kind: 'resource_template', name, why: error instanceof Error ? error.message : String(error) });
      return;
    }
    const ref = { type: 'ref/resource', uri: uriTemplate };
    const completions = variables.flatMap((variable): [string, Completion][] => {
      const completion = this.#completion(ref, variable, name);
      return completion === undefined ? [] : [[variable, completion]];
    });
    this.functions.push({
      kind: 'resource_template',
      ...this.#common('resource_template', name, name, entry),
      uriTemplate,
      ...(typeof mimeType === 'string' && { mimeType }),
      ...(completions.length > 0 && { completions: Object.fromEntries(completions) }),
    });
  }

  prompt(entry: JsonObject): void {
    const { prefix } = this.#mount;
    const name = this.#nameOf('prompt', entry, prefix);
    if (name === undefined) return;
    const given = Array.isArray(entry['arguments']) ? (entry['arguments'] as unknown[]).filter(isObject) : [];
    this.functions.push({
      kind: 'prompt',
      ...this.#common('prompt', name, `${prefix}${name}`, entry),
      arguments: given.flatMap((argument) => this.#argument(argument, name)),
    });
  }

  #argument(given: JsonObject, prompt: string): PromptArgument[] {
    const name = textOf(given['name']);
    if (name === undefined) return [];
    const title = textOf(given['title']);
    const description = textOf(given['description']);
    const { required } = given;
    const completion = this.#completion({ type: 'ref/prompt', name: prompt }, name, prompt);
    return [
      {
        name,
        ...(title !== undefined && { title }),
        ...(description !== undefined && { description }),
        ...(typeof required === 'boolean' && { required }),
        ...(completion !== undefined && { completion }),
      },
    ];
  }
}

/** The functions of a mounted server. */
export function definitionsOf(mount: MountDefinition, offer: Offer, state: OfferState): Offered {
  const builder = new Builder(mount, state);
  for (const entry of offer.tools) builder.tool(entry);
  for (const entry of offer.resources) builder.resource(entry);
  for (const entry of offer.resourceTemplates) builder.template(entry);
  for (const entry of offer.prompts) builder.prompt(entry);
  return builder;
}

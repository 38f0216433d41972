/**
 * Immutable snapshots of a partition's catalog. A snapshot finds functions by name and by URI, and holds the list pages. Each
 * page is encoded once, so a list of many tools is cheap to send.
 */
import { createHash } from 'node:crypto';

import { exactJson } from '../base/exact-numbers.js';
import type { JsonObject } from '../base/json.js';
import { normalUri, uriKey } from '../base/uri.js';
import type { UriMatcher } from '../base/uri-template.js';
import { compileUriTemplate } from '../base/uri-template.js';
import type {
  CatalogDefinition,
  FunctionDefinition,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ToolDefinition,
} from '../ports/definition.js';
import { fitAnnotations, fitIcons } from '../protocol/annotations.js';
import { withCallArgument } from '../protocol/call-argument.js';
import { withText } from '../protocol/encode.js';
import { DaemonError } from '../protocol/errors.js';
import type { HeldScopes } from '../protocol/scopes.js';
import { hasScopes } from '../protocol/scopes.js';
import type { Era, ProtocolVersion } from '../protocol/versions.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS, supports } from '../protocol/versions.js';
import { listedOutput } from '../schema/listed-output.js';
import { withoutBooleans } from './boolean-schemas.js';

/** The lists that clients can request, by the key of their result. */
export type ListKey = 'tools' | 'resources' | 'resourceTemplates' | 'prompts';

/** A resource or template that a URI belongs to. */
export interface FoundResource {
  definition: ResourceDefinition | ResourceTemplateDefinition;
  variables: Readonly<Record<string, string>>;
}

/** One partition's catalog at one moment. */
export interface Snapshot {
  readonly definition: CatalogDefinition;
  readonly revision: string;
  tool(name: string): ToolDefinition | undefined;
  prompt(name: string): PromptDefinition | undefined;
  /** The resource of a URI, in any spelling of the URI. A fixed resource comes first, then the first template that matches. */
  resource(uri: string): FoundResource | undefined;
  template(uriTemplate: string): ResourceTemplateDefinition | undefined;
  /**
   * One page of a list, already encoded.
   *
   * @param held the scopes of the caller; functions that need others are left out. Default: all
   * @throws DaemonError `invalid_cursor`
   */
  page(key: ListKey, era: Era, cursor: string | undefined, held?: HeldScopes): JsonObject;
}

const NO_VARIABLES: Readonly<Record<string, string>> = Object.freeze({});

/** Members in the order of the examples in the spec. Absent members are left out. */
function pick(source: object, keys: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const key of keys) {
    const value = (source as JsonObject)[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

/** The protocol version that decides the form of an era's lists. */
const NEWEST: Readonly<Record<Era, ProtocolVersion>> = { legacy: LEGACY_VERSIONS[0], modern: MODERN_VERSIONS[0] };

function membersOf(definition: FunctionDefinition, era: Era): JsonObject {
  switch (definition.kind) {
    case 'tool': {
      const tool = pick(definition, [
        'name',
        'title',
        'description',
        'icons',
        'inputSchema',
        'outputSchema',
        'annotations',
        '_meta',
      ]);
      if (definition.outputSchema !== undefined) tool['outputSchema'] = listedOutput(definition.outputSchema, era);
      if (definition.is_async === true) tool['inputSchema'] = withCallArgument(definition.inputSchema);
      if (!supports(NEWEST[era], 'booleanSchemas')) {
        for (const key of ['inputSchema', 'outputSchema']) if (tool[key] !== undefined) tool[key] = withoutBooleans(tool[key]);
      }
      // Until 2025-11-25 structured content had to be an object. A schema of another type would break those clients.
      const noObject = era === 'legacy' && definition.outputSchema?.['type'] !== 'object';
      if (noObject || tool['outputSchema'] === undefined) delete tool['outputSchema'];
      return tool;
    }
    case 'resource':
      return pick(definition, ['uri', 'name', 'title', 'description', 'icons', 'mimeType', 'size', 'annotations', '_meta']);
    case 'resource_template':
      return pick(definition, ['uriTemplate', 'name', 'title', 'description', 'icons', 'mimeType', 'annotations', '_meta']);
    case 'prompt': {
      const prompt = pick(definition, ['name', 'title', 'description', 'icons', '_meta']);
      prompt['arguments'] = definition.arguments.map((argument) => pick(argument, ['name', 'title', 'description', 'required']));
      return prompt;
    }
  }
}

function wire(definition: FunctionDefinition, era: Era): JsonObject {
  const entry = membersOf(definition, era);
  // For one member of another form, clients refuse the whole list.
  if (entry['annotations'] !== undefined) entry['annotations'] = fitAnnotations(entry['annotations']);
  if (entry['icons'] !== undefined) entry['icons'] = fitIcons(entry['icons']);
  return entry;
}

const LISTED: Record<ListKey, FunctionDefinition['kind']> = {
  tools: 'tool',
  resources: 'resource',
  resourceTemplates: 'resource_template',
  prompts: 'prompt',
};

/** How many sets of scopes have lists of their own in a snapshot. The one that was used longest ago is dropped first. */
const MAX_VIEWS = 100;

/** The pages of each list, by their cursors. */
type Lists = Map<string, Map<string | undefined, JsonObject>>;

/** What callers with the same scopes see. */
interface View {
  /** The scopes of the catalog that they have, separated by spaces; undefined: all of them. */
  readonly scopes: string | undefined;
  readonly held: HeldScopes;
  readonly lists: Lists;
}

/** A cursor names a page of one revision, as callers with these scopes see it. A cursor from elsewhere is detected. */
const cursorOf = (revision: string, key: ListKey, page: number, scopes: string | undefined): string =>
  createHash('sha256')
    .update(JSON.stringify(scopes === undefined ? [revision, key, page] : [revision, key, page, scopes]))
    .digest('base64url')
    .slice(0, 22);

/** Adds the members of an era to a list page, such as the server's name and the cache time. */
export type Finish = (result: JsonObject, era: Era) => JsonObject;

/**
 * Creates a snapshot.
 *
 * @param pageSize entries of one list page
 * @param finish adds the members that results of an era have
 */
export function createSnapshot(definition: CatalogDefinition, pageSize: number, finish: Finish): Snapshot {
  const tools = new Map<string, ToolDefinition>();
  const prompts = new Map<string, PromptDefinition>();
  const resources = new Map<string, FoundResource>();
  /** The same, by the key that all spellings of a URI share. */
  const byKey = new Map<string, FoundResource>();
  const templates: { definition: ResourceTemplateDefinition; matcher: UriMatcher }[] = [];
  for (const entry of definition.functions) {
    if (entry.kind === 'tool') tools.set(entry.name, entry);
    else if (entry.kind === 'prompt') prompts.set(entry.name, entry);
    else if (entry.kind === 'resource') {
      const found = { definition: entry, variables: NO_VARIABLES };
      resources.set(entry.uri, found);
      const key = uriKey(entry.uri);
      if (!byKey.has(key)) byKey.set(key, found);
    } else templates.push({ definition: entry, matcher: compileUriTemplate(entry.uriTemplate) });
  }

  const { revision } = definition;
  const everything: View = { scopes: undefined, held: undefined, lists: new Map() };
  const needed = [...new Set(definition.functions.flatMap(({ scopes = [] }) => scopes))].sort();
  /** In the order of their last use. */
  const views = new Map<string, View>();

  /** What a caller sees. Scopes that the catalog does not use make no difference. */
  function viewOf(held: HeldScopes): View {
    if (held === undefined || needed.length === 0) return everything;
    const own = needed.filter((scope) => held.has(scope));
    if (own.length === needed.length) return everything;
    const scopes = own.join(' ');
    const view = views.get(scopes) ?? { scopes, held: new Set(own), lists: new Map() };
    views.delete(scopes);
    views.set(scopes, view);
    const [oldest] = views.keys();
    if (views.size > MAX_VIEWS && oldest !== undefined) views.delete(oldest);
    return view;
  }

  /** All pages of a list, by cursor. */
  function pages(key: ListKey, era: Era, { scopes, held }: View): Map<string | undefined, JsonObject> {
    const entries = definition.functions.filter(({ kind, scopes: own }) => kind === LISTED[key] && hasScopes(own, held));
    const made = new Map<string | undefined, JsonObject>();
    for (let page = 0; page === 0 || page * pageSize < entries.length; page += 1) {
      const result: JsonObject = {
        [key]: entries.slice(page * pageSize, (page + 1) * pageSize).map((entry) => wire(entry, era)),
      };
      if ((page + 1) * pageSize < entries.length) result['nextCursor'] = cursorOf(revision, key, page + 1, scopes);
      const finished = finish(result, era);
      made.set(page === 0 ? undefined : cursorOf(revision, key, page, scopes), withText(finished, exactJson(finished)));
    }
    return made;
  }

  return {
    definition,
    revision,
    tool: (name) => tools.get(name),
    prompt: (name) => prompts.get(name),
    template: (uriTemplate) => templates.find((entry) => entry.definition.uriTemplate === uriTemplate)?.definition,
    resource(uri) {
      const fixed = resources.get(uri) ?? byKey.get(uriKey(uri));
      if (fixed !== undefined) return fixed;
      const normal = normalUri(uri);
      if (normal === undefined) return undefined;
      for (const { definition: template, matcher } of templates) {
        const variables = matcher.matchNormal(normal);
        if (variables !== undefined) return { definition: template, variables };
      }
      return undefined;
    },
    page(key, era, cursor, held) {
      const name = `${key} ${era}`;
      const view = viewOf(held);
      let list = view.lists.get(name);
      if (list === undefined) view.lists.set(name, (list = pages(key, era, view)));
      const page = list.get(cursor);
      if (page !== undefined) return page;
      throw new DaemonError(
        'invalid_cursor',
        'Invalid cursor: it is unknown, or the list has changed. Request the list again without a cursor.',
      );
    },
  };
}

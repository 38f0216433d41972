/** The catalog of a file with fixtures: that of a config file, without code. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { revisionOf } from '../catalog/revision.js';
import { inspectConfig } from '../config/check.js';
import type { ConfigDocument, ConfigLink, LinkType } from '../config/document.js';
import type { ServerIdentity } from '../config/normalize.js';
import { normalizeConfig } from '../config/normalize.js';
import type { CatalogDefinition, Completion, FunctionDefinition } from '../ports/definition.js';
import type { Mistake } from '../protocol/errors.js';

const LISTS = {
  tools: 'tool',
  resources: 'resource',
  resource_templates: 'resource_template',
  prompts: 'prompt',
} as const satisfies Record<string, LinkType>;

/** The module that links of fixtures name. It is never loaded: the functions answer from recorded calls. */
const NO_MODULE = 'fixtures';

const linkTo = (type: LinkType, name: unknown, redact: readonly string[] | undefined): ConfigLink => ({
  ...{ type, name: name as string, module_name: NO_MODULE, function_name: 'answer' },
  ...(redact === undefined ? {} : { record: { bodies: 'all', redact: [...redact] } }),
});

/** A config file of the catalog, with links for all functions. */
function withLinks(catalog: JsonObject, redact: Readonly<Record<string, readonly string[]>>): ConfigDocument {
  const links: ConfigLink[] = [];
  for (const [list, type] of Object.entries(LISTS)) {
    const entries = catalog[list];
    if (!Array.isArray(entries)) continue;
    for (const entry of entries as unknown[])
      if (isObject(entry) && typeof entry['name'] === 'string') links.push(linkTo(type, entry['name'], redact[entry['name']]));
  }
  return { ...catalog, module_links: links } as unknown as ConfigDocument;
}

/** Keys of config files that name code or files. */
const FOREIGN = ['module_links', 'modules', 'skills', 'quotas'];

/** All mistakes of the catalog of fixtures, with paths from `$.catalog`. */
export function catalogMistakes(catalog: JsonObject): Mistake[] {
  const foreign = FOREIGN.filter((key) => Object.hasOwn(catalog, key)).map((key) => ({
    path: `$.catalog.${key}`,
    message: 'fixtures have no code: remove it',
  }));
  const { mistakes } = inspectConfig(withLinks(catalog, {}), { files: false });
  const own = mistakes.map(({ path, message }) => ({ path: `$.catalog${path.slice(1)}`, message }));
  return [...foreign, ...own.filter(({ path }) => !path.startsWith('$.catalog.module_links'))];
}

/** The definition of the catalog of fixtures, which has no mistakes. */
export function catalogOf(
  catalog: JsonObject,
  redact: Readonly<Record<string, readonly string[]>>,
): { definition: CatalogDefinition; server: ServerIdentity } {
  const { definition, server } = normalizeConfig(withLinks(catalog, redact));
  const { functions, instructions } = definition;
  const content = instructions === undefined ? { functions } : { functions, instructions };
  return { definition: { ...content, revision: revisionOf(content) }, server };
}

const listOf = (completion: Completion | undefined): readonly string[] | undefined =>
  completion?.kind === 'list' ? completion.values : undefined;

const present = (members: Record<string, unknown>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** What clients see of every function. */
const SHOWN = ['name', 'title', 'description', 'icons', '_meta'];

/** What clients see of each kind besides. */
const SHOWN_OF: Readonly<Record<FunctionDefinition['kind'], readonly string[]>> = {
  tool: ['annotations', 'inputSchema', 'outputSchema'],
  resource: ['annotations', 'uri', 'mimeType', 'size'],
  resource_template: ['annotations', 'uriTemplate', 'mimeType'],
  prompt: [],
};

/** A function as an entry of a config file. Completions that a function makes are left out. */
function entryOf(definition: FunctionDefinition): JsonObject {
  const members = definition as unknown as Record<string, unknown>;
  const shown = [...SHOWN, ...SHOWN_OF[definition.kind]].map((key): [string, unknown] => [key, members[key]]);
  const entry = Object.fromEntries(shown);
  if (definition.kind === 'resource_template') {
    const lists = Object.entries(definition.completions ?? {}).flatMap(([name, completion]) => {
      const values = listOf(completion);
      return values === undefined ? [] : [[name, values]];
    });
    if (lists.length > 0) entry['completions'] = Object.fromEntries(lists);
  }
  if (definition.kind === 'prompt')
    entry['arguments'] = definition.arguments.map(({ completion, ...argument }) =>
      present({ ...argument, completions: listOf(completion) }),
    );
  return present(entry);
}

/** The catalog of fixtures, from a definition. */
export function fixtureCatalog({ functions, instructions }: CatalogDefinition, server: ServerIdentity): JsonObject {
  const lists = Object.entries(LISTS).map(([list, kind]): [string, JsonObject[]] => [
    list,
    functions.filter((one) => one.kind === kind).map(entryOf),
  ]);
  const { name, version, title } = server;
  return present({
    ...{ name, version, title, instructions },
    ...Object.fromEntries(lists.filter(([, entries]) => entries.length > 0)),
  });
}

/**
 * The methods of skills: `skills/list`, `skills/get` and `resources/directory/read`.
 *
 * @see https://github.com/modelcontextprotocol/ext-skills (specification/stable/skills.mdx)
 */
import type { JsonObject } from '../base/json.js';
import type { Catalog } from '../catalog/catalog.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Skill } from '../ports/skills.js';
import { DaemonError, invalidParams, quoted } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import { requireScopes } from '../protocol/scopes.js';
import type { ServerInfo } from '../protocol/server-info.js';
import type { Skills } from '../skills/skills.js';
import { folderContent, skillEntry, skillOfFolder } from '../skills/skills.js';

/** What {@link createSkillMethods} takes. */
export interface SkillMethodsOptions {
  catalog: Catalog;
  skills: Skills;
  info: ServerInfo;
  /** Entries per page. */
  pageSize: number;
  /** The cursor of a request. @throws DaemonError `invalid_params` */
  cursorOf: (params: JsonObject) => string | undefined;
}

/** The methods by name. */
export type SkillMethods = Readonly<
  Record<
    'skills/list' | 'skills/get' | 'resources/directory/read',
    (params: JsonObject, request: RequestContext) => Promise<JsonObject>
  >
>;

/** One page of a list. The cursor is the URI of the last entry of the page before. @throws DaemonError `invalid_cursor` */
function pageOf(
  entries: readonly JsonObject[],
  cursor: string | undefined,
  size: number,
): { items: readonly JsonObject[]; next: { nextCursor?: string } } {
  let start = 0;
  if (cursor !== undefined) {
    const uri = Buffer.from(cursor, 'base64url').toString();
    start = entries.findIndex((entry) => entry['uri'] === uri) + 1;
    if (start === 0) throw new DaemonError('invalid_cursor', 'The cursor is not one of this list, or the list has changed.');
  }
  const items = entries.slice(start, start + size);
  const last = items.at(-1)?.['uri'];
  const isMore = start + size < entries.length && typeof last === 'string';
  return { items, next: isMore ? { nextCursor: Buffer.from(last).toString('base64url') } : {} };
}

/** The URI of a request. @throws DaemonError `invalid_params` */
function uriOf({ uri }: JsonObject): string {
  if (typeof uri !== 'string') throw invalidParams('"uri" must be a string.');
  return uri;
}

/** The last page of `resources/list` with the skills' `SKILL.md`, for hosts that do not know skills. */
export function withManifests(page: JsonObject, skills: readonly Skill[]): JsonObject {
  const manifests = skills.map(({ name, description, uri, files: [manifest] }) => ({
    ...{ uri, name, description, mimeType: 'text/markdown' },
    ...(manifest === undefined ? {} : { size: manifest.size }),
  }));
  return { ...page, resources: [...(page['resources'] as JsonObject[]), ...manifests] };
}

/** Creates the methods. */
export function createSkillMethods({ catalog, skills, info, pageSize, cursorOf }: SkillMethodsOptions): SkillMethods {
  /** The catalog of a request. @throws DaemonError `method_not_found` if it has no skills, which were not declared then */
  async function catalogOf({ exchange }: RequestContext, method: string): Promise<CatalogDefinition> {
    const { definition } = await catalog.snapshot(exchange.partition);
    if ((definition.skills ?? []).length === 0) throw new DaemonError('method_not_found', `Method not found: ${method}`);
    return definition;
  }

  return {
    async 'skills/list'(params, request) {
      const cursor = cursorOf(params);
      const { partition, scopes } = request.exchange;
      const entries = (await skills.of(partition, await catalogOf(request, 'skills/list'), scopes)).map(skillEntry);
      const { items, next } = pageOf(entries, cursor, pageSize);
      return info.cacheable({ skills: items, ...next }, request.caller.era);
    },
    async 'skills/get'(params, request) {
      const definition = await catalogOf(request, 'skills/get');
      const uri = uriOf(params);
      const skill = (await skills.of(request.exchange.partition, definition)).find(({ uri: own }) => own === uri);
      if (skill === undefined) throw invalidParams(`unknown skill: ${quoted(uri)}`);
      requireScopes(skill.scopes, request.exchange.scopes);
      return info.cacheable({ skill: skillEntry(skill) }, request.caller.era);
    },
    async 'resources/directory/read'(params, request) {
      const definition = await catalogOf(request, 'resources/directory/read');
      const [uri, cursor] = [uriOf(params), cursorOf(params)];
      const skill = skillOfFolder(await skills.of(request.exchange.partition, definition), uri);
      requireScopes(skill?.scopes, request.exchange.scopes);
      const content = skill && folderContent(skill, uri);
      if (content === undefined) throw invalidParams(`not a folder of a skill: ${quoted(uri)}`);
      const { items, next } = pageOf(content, cursor, pageSize);
      return info.cacheable({ resources: items, ...next }, request.caller.era);
    },
  };
}

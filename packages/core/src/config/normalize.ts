/**
 * Turns a correct config into a catalog. Checks nothing.
 */
import { withNumberTexts } from '../base/exact-numbers.js';
import { fileMediaType } from '../base/file-media-type.js';
import { revisionOf } from '../catalog/revision.js';
import type { Approval, ArgumentCondition } from '../ports/approval.js';
import type {
  CatalogDefinition,
  Completion,
  FileBinding,
  FunctionDefinition,
  LinkBinding,
  LinkUse,
  PromptArgument,
  PromptDefinition,
  ResourceDefinition,
  ResourceTemplateDefinition,
  SkillReference,
  ToolDefinition,
} from '../ports/definition.js';
import type { CatalogQuotas, Quota } from '../ports/quota.js';
import type { RecordPolicy } from '../ports/record-policy.js';
import type { Mistake } from '../protocol/errors.js';
import type { Icon } from '../protocol/messages.js';
import { APP_MEDIA_TYPE } from './app-check.js';
import type {
  ConfigApproval,
  ConfigCompletionFunction,
  ConfigCompletions,
  ConfigCondition,
  ConfigDocument,
  ConfigFunction,
  ConfigLink,
  ConfigPrompt,
  ConfigPromptArgument,
  ConfigQuotas,
  ConfigRecord,
  ConfigResource,
  ConfigResourceTemplate,
  ConfigSkill,
  ConfigTool,
  Optional,
} from './document.js';
import { isNote } from './document.js';
import { ModuleIndex } from './modules.js';
import { mountLink, mountsOf } from './mounts.js';
import { limitsOf } from './process-limits.js';

/** What the file says about the server itself. */
export interface ServerIdentity {
  name?: string;
  version?: string;
  title?: string;
}

/** A config, ready to be served. */
export interface Config {
  definition: CatalogDefinition;
  /** Only what is in the file; the program fills in the rest. */
  server: ServerIdentity;
  /** Parts of the config that are served, but should be checked. Empty for a config that was given as an object. */
  warnings: readonly Mistake[];
}

/** Members that may be absent in the file. */
type Absent<T> = { [K in keyof T]?: Optional<T[K]> };

/** Sets the members that are neither null nor undefined. Spreading objects instead takes three times as long. */
function fill<T extends object>(target: T, members: Absent<T>): T {
  for (const key in members) {
    const value = members[key];
    if (value !== null && value !== undefined) target[key] = value as T[typeof key];
  }
  return target;
}

/** An object without nulls and notes, for clients. Returns the object itself if it has neither. */
function clean<T extends object>(object: Optional<T>): T | undefined {
  if (object === null || object === undefined) return undefined;
  const dropped = (key: string, value: unknown): boolean => value === null || isNote(key);
  const entries = Object.entries(object);
  if (!entries.some(([key, value]) => dropped(key, value))) return object;
  return Object.fromEntries(entries.filter(([key, value]) => !dropped(key, value))) as T;
}

/** An empty list of scopes is the same as none. */
const given = (scopes: Optional<string[]>): string[] | undefined =>
  scopes === null || scopes === undefined || scopes.length === 0 ? undefined : scopes;

/** Icons without nulls and notes, for clients. */
const cleanIcons = (icons: Optional<Icon[]>): Icon[] | undefined => icons?.map((icon) => clean(icon) ?? icon);

/** What a call's record keeps. */
function recordPolicy(record: Optional<ConfigRecord>): RecordPolicy | undefined {
  if (record === null || record === undefined) return undefined;
  if (typeof record === 'string') return { bodies: record, redact: [] };
  return { bodies: record.bodies ?? 'all', redact: record.redact ?? [] };
}

/** `equals: null` is a comparison: members that are null otherwise count as absent. */
function conditionOf({ equals, ...rest }: ConfigCondition): ArgumentCondition {
  return { ...(clean(rest) as ArgumentCondition), ...(equals === undefined ? {} : { equals }) };
}

function approvalOf(approve: Optional<ConfigApproval>): Approval | undefined {
  if (approve === null || approve === undefined || typeof approve === 'string') return approve ?? undefined;
  return { when: approve.when.map(conditionOf) };
}

function catalogQuotas(quotas: Optional<ConfigQuotas>): CatalogQuotas | undefined {
  if (quotas === null || quotas === undefined) return undefined;
  const { partition, subject } = quotas;
  return fill<CatalogQuotas>(
    {},
    { partition: clean(partition) as Quota | undefined, subject: clean(subject) as Quota | undefined },
  );
}

/** The media type of a file. Pages that hosts show have one of their own (MCP Apps). */
function mediaTypeOfFile(file: string, uri: string): string | undefined {
  const type = fileMediaType(file);
  return type === 'text/html' && uri.startsWith('ui://') ? APP_MEDIA_TYPE : type;
}

/** Stands in a definition until its link is found, which a correct config always has. */
const UNBOUND: LinkBinding = { kind: 'link', package_name: '', module_name: '', function_name: '', setting: {} };

class Normalizer {
  readonly #modules: ModuleIndex;
  readonly #links: ReadonlyMap<string, ConfigLink>;
  readonly #servers: ConfigDocument['mcpServers'];

  constructor(document: ConfigDocument) {
    this.#modules = new ModuleIndex(document.modules ?? []);
    this.#servers = document.mcpServers;
    this.#links = new Map((document.module_links ?? []).map((link) => [link.name, link]));
  }

  /** Where the code of a link or completion is. As in the Python engine, an empty name counts as absent. */
  #binding(code: ConfigCompletionFunction & Pick<ConfigLink, 'isolation' | 'limits'>, use?: LinkUse): LinkBinding {
    const { module_name, class_name, function_name } = code;
    const { entry, ownSetting } = this.#modules.match(module_name, class_name);
    const binding: LinkBinding = {
      kind: 'link',
      package_name: entry?.package_name || module_name,
      module_name,
      function_name,
      setting: (ownSetting ? entry?.setting : undefined) ?? {},
    };
    if (use !== undefined) binding.use = use;
    const isolation = code.isolation ?? entry?.isolation;
    if (isolation === 'none' || isolation === 'process') binding.isolation = isolation;
    const limits = limitsOf(entry?.limits, code.limits);
    if (limits !== undefined) binding.limits = limits;
    if (class_name) binding.class_name = class_name;
    // An empty source is not the same as none: the Python engine's imports write it for bundles.
    if (typeof entry?.source === 'string') binding.source = entry.source;
    if (entry?.sha256) binding.sha256 = entry.sha256.toLowerCase();
    return binding.source === 'mcp' ? mountLink(binding, this.#servers) : binding;
  }

  #completion(completions: ConfigCompletions, name: string): Completion {
    return Array.isArray(completions)
      ? { kind: 'list', values: completions }
      : { kind: 'function', binding: this.#binding(completions, { kind: 'completion', name }) };
  }

  #completions(
    owner: string,
    byName: Optional<Record<string, Optional<ConfigCompletions>>>,
  ): Record<string, Completion> | undefined {
    if (byName === null || byName === undefined) return undefined;
    const given = Object.entries(byName).filter(
      (pair): pair is [string, ConfigCompletions] => pair[1] !== null && pair[1] !== undefined,
    );
    return Object.fromEntries(given.map(([name, completions]) => [name, this.#completion(completions, owner)]));
  }

  #argument(owner: string, argument: ConfigPromptArgument): PromptArgument {
    const { name, title, description, required, completions } = argument;
    const completion = completions === null || completions === undefined ? undefined : this.#completion(completions, owner);
    return fill({ name } as PromptArgument, { title, description, required, completion });
  }

  /** Adds the members of every function. */
  #common<T extends FunctionDefinition>(target: T, { title, description, icons, _meta, scopes }: ConfigFunction): T {
    const link = this.#links.get(target.name);
    fill<FunctionDefinition>(target, { title, description, icons: cleanIcons(icons), _meta, scopes: given(scopes) });
    if (link === undefined) return target;
    target.binding = this.#binding(link, { kind: target.kind, name: target.name });
    return fill<FunctionDefinition>(target, {
      timeout_ms: link.timeout_ms,
      record: recordPolicy(link.record),
      quota: clean(link.quota) as Quota | undefined,
      approve: approvalOf(link.approve),
    }) as T;
  }

  tool(tool: ConfigTool): ToolDefinition {
    const { name, outputSchema, annotations } = tool;
    const given = tool.inputSchema ?? {};
    const { type = 'object', ...rest } = given;
    // Clients need a type.
    const inputSchema = given['type'] === undefined ? withNumberTexts({ type, ...rest }, given) : given;
    const target: ToolDefinition = { kind: 'tool', name, inputSchema, binding: UNBOUND };
    const link = this.#links.get(name);
    return fill(this.#common(target, tool), {
      outputSchema,
      annotations: clean(annotations),
      return_type: link?.return_type || undefined,
      task: link?.task,
      task_after_ms: link?.task_after_ms,
      task_ttl_ms: link?.task_ttl_ms,
      task_poll_ms: link?.task_poll_ms,
      is_async: (link?.is_async ?? tool.is_async) || undefined,
    });
  }

  resource(resource: ConfigResource): ResourceDefinition {
    const { name, uri, size, annotations, file } = resource;
    const target: ResourceDefinition = { kind: 'resource', name, uri, binding: UNBOUND };
    const mimeType = resource.mimeType ?? (typeof file === 'string' ? mediaTypeOfFile(file, uri) : undefined);
    if (typeof file === 'string') target.binding = fill<FileBinding>({ kind: 'file', path: file }, { mimeType });
    return fill(this.#common(target, resource), { mimeType, size, annotations: clean(annotations) });
  }

  template(template: ConfigResourceTemplate): ResourceTemplateDefinition {
    const { name, uriTemplate, mimeType, annotations } = template;
    const target: ResourceTemplateDefinition = { kind: 'resource_template', name, uriTemplate, binding: UNBOUND };
    return fill(this.#common(target, template), {
      mimeType,
      annotations: clean(annotations),
      completions: this.#completions(name, template.completions),
    });
  }

  /** The module of a skill has no setting: only its bundle counts. */
  skill({ path, module_name, scopes }: ConfigSkill): SkillReference {
    const code = module_name ? this.#binding({ module_name, function_name: '' }) : undefined;
    const { package_name = '', source, sha256 } = code ?? {};
    const module: LinkBinding | undefined =
      code && fill<LinkBinding>({ ...UNBOUND, package_name, module_name: code.module_name }, { source, sha256 });
    return fill<SkillReference>({ path }, { module, scopes: given(scopes) });
  }

  prompt(prompt: ConfigPrompt): PromptDefinition {
    const args = (prompt.arguments ?? []).map((argument) => this.#argument(prompt.name, argument));
    return this.#common({ kind: 'prompt', name: prompt.name, arguments: args, binding: UNBOUND }, prompt);
  }
}

/**
 * Turns a config without mistakes into a catalog. Schemas, settings and `_meta` are the document's own objects, unchanged.
 *
 * @param document a config in which `checkConfig` finds no mistake; the result of any other is unspecified
 * @example if (checkConfig(document).length === 0) serve(normalizeConfig(document));
 */
export function normalizeConfig(document: ConfigDocument): Config {
  const { name, version, title, instructions, quotas, skills } = document;
  const normalizer = new Normalizer(document);
  const functions: FunctionDefinition[] = [
    ...(document.tools ?? []).map((tool) => normalizer.tool(tool)),
    ...(document.resources ?? []).map((resource) => normalizer.resource(resource)),
    ...(document.resource_templates ?? []).map((template) => normalizer.template(template)),
    ...(document.prompts ?? []).map((prompt) => normalizer.prompt(prompt)),
  ];
  const definition = fill<CatalogDefinition>(
    { revision: '', functions },
    {
      instructions,
      quotas: catalogQuotas(quotas),
      skills: skills?.map((skill) => normalizer.skill(skill)),
      mounts: mountsOf(document.mcpServers, approvalOf),
    },
  );
  definition.revision = revisionOf(definition);
  return { definition, server: fill<ServerIdentity>({}, { name, version, title }), warnings: [] };
}

/** Finds the function that a request calls, and collects what the call needs. */
import type { JsonObject } from '../base/json.js';
import type { Snapshot } from '../catalog/snapshot.js';
import type { ResourceDefinition } from '../ports/definition.js';
import { DaemonError, quoted, resourceNotFound } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import { checkParameterHeaders } from '../protocol/mirrored-headers.js';
import { requireScopes } from '../protocol/scopes.js';
import type { ServerInfo } from '../protocol/server-info.js';
import { withoutHostArguments } from './host-arguments.js';
import { argumentsOf, promptArguments } from './parameters.js';
import { toPromptResult, toResourceResult, toToolResult } from './result.js';
import type { FoundCall } from './running-call.js';

const NO_VARIABLES: Readonly<Record<string, string>> = Object.freeze({});

/** What {@link findTool} depends on. */
export interface ToolFinding {
  info: ServerInfo;
  /** Whether arguments that hosts add by themselves are dropped; see host-arguments.ts. */
  dropHostArguments: boolean;
}

/** A call of a tool. @throws DaemonError `invalid_params`, `insufficient_scope`, `header_mismatch` */
export function findTool(
  snapshot: Snapshot,
  name: string,
  params: JsonObject,
  request: RequestContext,
  { info, dropHostArguments }: ToolFinding,
): FoundCall {
  const definition = snapshot.tool(name);
  if (definition === undefined) throw new DaemonError('invalid_params', `Unknown tool: ${quoted(name)}`);
  const { exchange, caller } = request;
  requireScopes(definition.scopes, exchange.scopes);
  const sent = argumentsOf(params);
  const { era, version, client } = caller;
  if (era === 'modern' && exchange.header !== undefined)
    checkParameterHeaders((header) => exchange.header?.(header), definition.inputSchema, sent);
  const input = dropHostArguments ? withoutHostArguments(sent, definition.inputSchema, client?.name) : sent;
  const toResult = (value: unknown, callId: string): JsonObject =>
    info.complete(toToolResult(definition, value, version, callId), era);
  return { definition, type: 'tool', input, recorded: input, variables: NO_VARIABLES, params, request, toResult };
}

/**
 * A read of a resource, fixed or from a template.
 *
 * @param other used where the catalog has no such resource: a file of a skill
 * @throws DaemonError `resource_not_found`, `insufficient_scope`
 */
export function findResource(
  snapshot: Snapshot,
  uri: string,
  params: JsonObject,
  request: RequestContext,
  info: ServerInfo,
  other?: ResourceDefinition,
): FoundCall {
  const found = snapshot.resource(uri) ?? (other === undefined ? undefined : { definition: other, variables: NO_VARIABLES });
  if (found === undefined) throw resourceNotFound(uri);
  const { definition, variables } = found;
  requireScopes(definition.scopes, request.exchange.scopes);
  const toResult = (value: unknown): JsonObject =>
    info.cacheable(toResourceResult(definition, value, uri), request.caller.era, 0);
  return { definition, type: 'resource', input: uri, recorded: { uri }, variables, params, request, toResult };
}

/** A call of a prompt. @throws DaemonError `invalid_params`, `insufficient_scope` */
export function findPrompt(
  snapshot: Snapshot,
  name: string,
  params: JsonObject,
  request: RequestContext,
  info: ServerInfo,
): FoundCall {
  const definition = snapshot.prompt(name);
  if (definition === undefined) throw new DaemonError('invalid_params', `Unknown prompt: ${quoted(name)}`);
  requireScopes(definition.scopes, request.exchange.scopes);
  const input = promptArguments(definition, params);
  const { era, version } = request.caller;
  const toResult = (value: unknown): JsonObject => info.complete(toPromptResult(definition, value, version), era);
  return { definition, type: 'prompt', input, recorded: input, variables: NO_VARIABLES, params, request, toResult };
}

/** The functions of a partition: as a model sees them, by MCP, and where their code is, by GraphQL. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { query } from './graphql.js';
import type { RpcOptions } from './mcp.js';
import { listAll, rpc } from './mcp.js';
import { object, objects, text } from './read.js';
import type { Access } from './request.js';

/** What a function is. */
export type FunctionKind = 'tool' | 'resource' | 'template' | 'prompt';

/** A function, as a model's host gets it. */
export interface CatalogEntry {
  readonly kind: FunctionKind;
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** The whole entry of the list. */
  readonly entry: JsonObject;
}

/** Where the code of a function is. */
export interface CodePlace {
  readonly module: string | undefined;
  readonly class: string | undefined;
  readonly function: string | undefined;
  readonly source: string | undefined;
  readonly returnType: string | undefined;
  readonly link: JsonObject;
}

const LISTS: readonly (readonly [FunctionKind, string, string])[] = [
  ['tool', 'tools/list', 'tools'],
  ['resource', 'resources/list', 'resources'],
  ['template', 'resources/templates/list', 'resourceTemplates'],
  ['prompt', 'prompts/list', 'prompts'],
];

const CODE = `query Code($name: String!) {
  mcpFunction(name: $name) { moduleName className functionName returnType link mcpModule { source } }
}`;

/** All functions of the partition that the user may see. */
export async function listCatalog(access: Access, signal: AbortSignal): Promise<CatalogEntry[]> {
  const lists = await Promise.all(
    LISTS.map(async ([kind, method, key]) =>
      (await listAll(access, method, key, signal)).map((entry) => ({
        kind,
        name: text(entry, 'name') ?? '',
        title: text(entry, 'title'),
        description: text(entry, 'description'),
        entry,
      })),
    ),
  );
  return lists.flat();
}

/** Where the code of a function is; undefined: the catalog does not have it any more. */
export async function readCode(access: Access, name: string, signal: AbortSignal): Promise<CodePlace | undefined> {
  const found = (await query(access, CODE, { name }, signal))['mcpFunction'];
  if (!isObject(found)) return undefined;
  return {
    module: text(found, 'moduleName'),
    class: text(found, 'className'),
    function: text(found, 'functionName'),
    source: text(object(found, 'mcpModule'), 'source'),
    returnType: text(found, 'returnType'),
    link: object(found, 'link'),
  };
}

/** A question of a function to the user. */
export interface Question {
  /** Under which name the answer is sent. */
  readonly key: string;
  readonly method: string;
  readonly message: string;
  /** The form of the answer. */
  readonly schema: JsonObject | undefined;
}

/** An answer: a result, or questions that the function asks first. */
export type Answer =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'questions'; readonly questions: readonly Question[]; readonly state: string | undefined };

/** What is sent again with the answers to {@link Question}s. */
export interface Replies {
  readonly answers: JsonObject;
  readonly state: string | undefined;
}

/** Calls a tool, reads a resource or gets a prompt. @throws RpcError, Failure */
export async function callFunction(
  access: Access,
  method: string,
  params: JsonObject,
  replies: Replies | undefined,
  options: RpcOptions,
): Promise<Answer> {
  const again =
    replies === undefined
      ? {}
      : { inputResponses: replies.answers, ...(replies.state === undefined ? {} : { requestState: replies.state }) };
  const result = await rpc(access, method, { ...params, ...again }, options);
  if (result['resultType'] !== 'input_required') return { kind: 'result', result };
  const requests = object(result, 'inputRequests');
  const questions = Object.keys(requests).map((key): Question => {
    const request = object(requests, key);
    const asked = object(request, 'params');
    const schema = asked['requestedSchema'];
    return {
      key,
      method: text(request, 'method') ?? '',
      message: text(asked, 'message') ?? '',
      schema: isObject(schema) ? schema : undefined,
    };
  });
  return { kind: 'questions', questions, state: text(result, 'requestState') };
}

/** The contents of a result, by blocks: what a model reads. */
export function contentsOf(method: string, result: JsonObject): readonly JsonObject[] {
  if (method === 'resources/read') return objects(result, 'contents').map((part) => ({ type: 'resource', resource: part }));
  if (method === 'prompts/get')
    return objects(result, 'messages').map((message) => ({ ...object(message, 'content'), role: text(message, 'role') ?? '' }));
  return objects(result, 'content');
}

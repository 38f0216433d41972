/** The answers of the floor servers. They check nothing, store nothing, and build their list pages once. */
import { functionOf, toolList, wanted } from './tools.mjs';

const PAGE = 1_000;
const serverInfo = { name: 'mcp-daemon', version: '0.1.0' };
const modern = { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } };
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
};

const tools = toolList(wanted());
const functions = new Map(tools.map(({ name }) => [name, functionOf(name)]));
const pages = new Map();

/** The JSON text of a list page. Its cursor is as long as that of our server. */
function page(cursor = '0', isModern) {
  const key = `${cursor} ${isModern}`;
  if (!pages.has(key)) {
    const from = Number(cursor) * PAGE;
    const more = from + PAGE < tools.length ? { nextCursor: String(Number(cursor) + 1).padStart(22, '0') } : {};
    const cache = isModern ? { ttlMs: 60_000, cacheScope: 'private', ...modern } : {};
    pages.set(key, JSON.stringify({ tools: tools.slice(from, from + PAGE), ...more, ...cache }));
  }
  return pages.get(key);
}

/** The JSON text of the result of a request. */
export function result({ method, params }) {
  const isModern = params._meta !== undefined;
  switch (method) {
    case 'tools/call': {
      const content = [{ type: 'text', text: functions.get(params.name)(params.arguments) }];
      return JSON.stringify(isModern ? { content, ...modern } : { content });
    }
    case 'tools/list':
      return page(params.cursor, isModern);
    case 'initialize':
      return JSON.stringify({ protocolVersion: params.protocolVersion, capabilities, serverInfo });
    case 'server/discover':
      return JSON.stringify({ supportedVersions: ['2026-07-28'], capabilities, ttlMs: 60_000, cacheScope: 'private', ...modern });
    default:
      throw new Error(`unknown method ${method}`);
  }
}

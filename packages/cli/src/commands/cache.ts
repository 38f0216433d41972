/**
 * `cache status`, `cache refresh` and `cache purge`: the cached catalogs of a running server.
 */
import { Failure, messageOf, UsageError } from '../errors.js';
import { checkPartition } from '../settings/partition.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, switchFlag, textFlag } from './command.js';
import { headersOf, readUrl } from './remote.js';

const DEFAULT_URL = 'http://localhost:8000';

/** How long the server may take. A refresh reads a store. */
const TIMEOUT_MS = 30_000;

const FLAGS = {
  url: textFlag('URL of the running server, with the path that a proxy strips', { defaultDescription: DEFAULT_URL }),
  token: textFlag('Token of an admin', { defaultDescription: 'ADMIN_STATIC_TOKEN' }),
  header: textFlag('Header to send, as "Name: value"; may be repeated', { array: true }),
  json: switchFlag('Print the answer as JSON'),
};
const PARTITION = textFlag('Partition, such as acme, or acme#b for a part of it', { defaultDescription: 'default' });

/** The flags that name a server. */
interface Target {
  url: string | undefined;
  token: string | undefined;
  header: readonly string[] | undefined;
}

/** An answer of the server; see the schemas of its API. */
interface Answer {
  is_cached?: boolean;
  cache_info?: Counts | null;
  cache_stats?: Counts;
  cleared_partitions?: string[];
  message?: string;
  error_description?: string;
}

interface Counts {
  tools_count: number;
  resources_count: number;
  prompts_count: number;
  revision: string;
  age_seconds: number;
}

/** The URL without the path of an MCP endpoint and the slash at its end. */
const baseOf = (url: string): string =>
  readUrl(url)
    .replace(/\/+$/, '')
    .replace(/\/mcp$/, '');

/** The path and the header that name a partition. @throws UsageError if it is no partition */
function placeOf(partition: string): { path: string; headers: Record<string, string> } {
  const [name, part] = checkPartition(partition).split('#');
  return { path: `/${name}/admin/cache`, headers: part === undefined ? {} : { 'part-id': part } };
}

/** How the answer of a server begins whose URL ends with a partition. */
const NO_PATH = 'Nothing is served at this path';

/** What to do about a status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: ': pass the token of an admin with --token, or set ADMIN_STATIC_TOKEN',
  403: ': pass the token of an admin',
};

/**
 * Sends a request to the server.
 *
 * @throws Failure if it does not answer, or answers with an error; the message has no token
 */
async function ask(
  { url = DEFAULT_URL, token, header = [] }: Target,
  { env }: Pick<CommandContext, 'env'>,
  { method, path, headers = {} }: { method: string; path: string; headers?: Record<string, string> },
): Promise<Answer> {
  const base = baseOf(url);
  const bearer = token ?? (env['ADMIN_STATIC_TOKEN'] || undefined);
  const given = headersOf(header);
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  let response: Response;
  let text: string;
  try {
    response = await fetch(base + path, {
      method,
      headers: { accept: 'application/json', ...authorization, ...headers, ...given },
      redirect: 'error', // the token is for this server only
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : messageOf(cause ?? error);
    throw new Failure(`cannot reach ${base} (${code}): is the server running there?`);
  }
  let answer: Answer | undefined;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    answer = undefined;
  }
  const { status } = response;
  const said = answer?.error_description;
  if (status === 404 && (said === undefined || said.startsWith(NO_PATH)))
    throw new Failure(`${base} has no such path: is it the URL of an mcp-daemon server, without /{partition}/mcp?`);
  if (status !== 200) {
    const why = said ?? 'it is not an mcp-daemon server';
    throw new Failure(`${base} answers ${status}: ${why.replace(/\.$/, '')}${ADVICE[status] ?? ''}`);
  }
  if (answer === undefined) throw new Failure(`${base} does not answer with JSON: it is not an mcp-daemon server`);
  return answer;
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** One line on a catalog. */
const described = ({ tools_count, resources_count, prompts_count, revision, age_seconds }: Counts): string =>
  [
    plural(tools_count, 'tool'),
    plural(resources_count, 'resource'),
    plural(prompts_count, 'prompt'),
    `revision ${revision.slice(0, 12)}`,
    `loaded ${Math.round(age_seconds)} s ago`,
  ].join(', ');

const status = defineCommand({
  command: 'status',
  description: 'Show what a running server has cached of a partition',
  flags: { partition: PARTITION, ...FLAGS },
  examples: [['cache status --partition acme --url http://localhost:8000', 'Show its revision and age']],
  async run({ partition = 'default', url, token, header, json }, context) {
    const { path, headers } = placeOf(partition);
    const answer = await ask({ url, token, header }, context, { method: 'GET', path: `${path}/status`, headers });
    const { cache_info: info } = answer;
    const text = info === null || info === undefined ? 'nothing is cached' : described(info);
    context.print(json ? JSON.stringify(answer, null, 2) : `${partition}: ${text}`);
    return 0;
  },
});

const refresh = defineCommand({
  command: 'refresh',
  description: 'Have a running server load a partition again, from the store or the config file',
  flags: { partition: PARTITION, ...FLAGS },
  async run({ partition = 'default', url, token, header, json }, context) {
    const { path, headers } = placeOf(partition);
    const answer = await ask({ url, token, header }, context, { method: 'POST', path: `${path}/refresh`, headers });
    const { cache_stats: counts } = answer;
    context.print(
      json ? JSON.stringify(answer, null, 2) : `${partition}: ${counts === undefined ? 'loaded' : described(counts)}`,
    );
    return 0;
  },
});

const purge = defineCommand({
  command: 'purge',
  description: 'Drop what a running server has cached of a partition; the next request loads it',
  flags: { partition: PARTITION, all: switchFlag('All partitions'), ...FLAGS },
  examples: [['cache purge --all --url https://mcp.example.com', 'Drop the cached catalogs of all partitions']],
  async run({ partition, all, url, token, header, json }, context) {
    if (all && partition !== undefined) throw new UsageError('--all and --partition: give one of them');
    const { path, headers } = all ? { path: '/admin/cache', headers: {} } : placeOf(partition ?? 'default');
    const answer = await ask({ url, token, header }, context, { method: 'DELETE', path, headers });
    const { cleared_partitions: cleared } = answer;
    const what = cleared === undefined ? (partition ?? 'default') : cleared.join(', ') || 'nothing was cached';
    context.print(json ? JSON.stringify(answer, null, 2) : cleared?.length === 0 ? what : `dropped: ${what}`);
    return 0;
  },
});

/** Commands for the cached catalogs of a running server. */
export const cache: CommandGroup = {
  command: 'cache',
  description: 'Show and drop the cached catalogs of a running server',
  commands: [status, refresh, purge],
  default: 'status',
};

/** The keys of `mcpServers`: other MCP servers, in the form of the hosts' own config files. */
import { isObject } from '../base/json.js';
import { referenceParts } from '../base/references.js';
import { DOWN_MODES, MOUNT_CREDENTIALS, PIN_MODES } from '../ports/mounts.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol/versions.js';
import { quote } from '../schema/mistakes.js';
import { approval } from './approval-check.js';
import { quota, record, timeoutMs } from './module-keys.js';
import { prefixOf } from './mounts.js';
import { scopes } from './scope-check.js';
import type { CheckRun, ValueCheck } from './shape.js';
import {
  anyObject,
  anyString,
  bool,
  checkShape,
  listOf,
  mapOf,
  nonEmptyString,
  object,
  oneOf,
  plain,
  shape,
  stringWith,
} from './shape.js';

/** What `type` may say. Hosts have several words for the same. */
const TYPES = ['stdio', 'http', 'streamable-http', 'streamableHttp'];

/** Letters, digits, `_`, `-` and `.`: what hosts allow in names of tools. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const PREFIX = /^[A-Za-z0-9_.-]{0,64}$/;

const type: ValueCheck = (value, run) => {
  if (value === 'sse') run.list.add('the transport of 2024-11-05 (sse) is not supported: use the address of Streamable HTTP');
  else oneOf(TYPES)(value, run);
};

/** A text that may begin with a reference, or an http URL. */
const url = stringWith((text) =>
  /^https?:\/\/[^\s/]/i.test(text) || /^\$?\{|^env:|^file:/.test(text) ? undefined : 'must be an http or https URL',
);

/** A secret that is not in the file itself. */
const secretReference = stringWith((text) =>
  referenceParts(text).some((part) => typeof part !== 'string') || /^\$\{[A-Za-z_]\w*\}$/.test(text)
    ? undefined
    : 'must be a reference, such as env:NAME or file:PATH: a secret does not belong into this file',
);

/** An OAuth client that is registered already. */
const client = shape('an OAuth client', { 'client_id!': nonEmptyString, client_secret: secretReference, issuer: url });

/** What belongs to which kind of server. */
const MEMBERS_OF: Readonly<Record<string, readonly string[]>> = {
  args: ['command'],
  env: ['command', 'bundle'],
  cwd: ['command'],
  headers: ['url'],
  auth: ['url'],
  user_config: ['bundle'],
};

/** The value of an option of a bundle. */
const optionValue = plain(
  (value) =>
    ['string', 'number', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every((one) => typeof one === 'string')),
  'a string, a number, true, false or a list of strings',
);

/** A server is started by a command or from a bundle, or has an address. */
function together(value: Record<string, unknown>, run: CheckRun): void {
  const has = (key: string): boolean => value[key] !== undefined && value[key] !== null;
  const [kind = '', other] = ['command', 'url', 'bundle'].filter(has);
  if (other !== undefined) run.list.add(`has both ${kind} and ${other}: remove one of the two`);
  else if (kind === '') run.list.add('needs a command (a program that is started), a url, or a bundle (an .mcpb file)');
  for (const [key, kinds] of Object.entries(MEMBERS_OF))
    if (kind !== '' && has(key) && !kinds.includes(kind))
      run.list.warn(`has no effect with a ${kind}: it is for a ${kinds.join(' or a ')}`, key);
  const { credentials } = value;
  if (kind === 'url' && has('auth') && credentials !== 'service' && credentials !== 'per_user')
    run.list.warn('has no effect without a log-in: set credentials to "service" or "per_user"', 'auth');
  if (kind !== 'url' && kind !== '' && (credentials === 'service' || credentials === 'per_user'))
    run.list.add(
      `credentials ${quote(credentials)} need a url: a ${kind} gets its secrets by ${kind === 'bundle' ? 'user_config' : 'env'}`,
      'credentials',
    );
}

/** An entry of `mcpServers`. */
const mount = shape(
  'an MCP server',
  {
    command: nonEmptyString,
    args: listOf(anyString, 'strings'),
    env: mapOf(anyString),
    cwd: nonEmptyString,
    type,
    url,
    headers: mapOf(anyString),
    bundle: nonEmptyString,
    user_config: mapOf(optionValue),
    disabled: bool,
    prefix: stringWith((text) => (PREFIX.test(text) ? undefined : 'must have at most 64 letters, digits, "_", "-" and "."')),
    allow: listOf(nonEmptyString, 'names'),
    deny: listOf(nonEmptyString, 'names'),
    timeout_ms: timeoutMs,
    protocol: oneOf(['auto', 'legacy', 'modern', ...MODERN_VERSIONS, ...LEGACY_VERSIONS]),
    pin: oneOf(PIN_MODES),
    credentials: oneOf(MOUNT_CREDENTIALS),
    auth: object(client),
    down: oneOf(DOWN_MODES),
    record,
    quota: object(quota),
    scopes,
    approve: approval,
  },
  {
    unknown: 'left out',
    together,
    hints: {
      timeout: 'use timeout_ms',
      environment: 'use env',
      transport: 'use type',
      oauth: 'use auth',
      serverUrl: 'use url',
      httpUrl: 'use url',
      includeTools: 'use allow',
      excludeTools: 'use deny',
      isolation: 'a mounted server is a process of its own',
    },
  },
);

/** Two servers with one prefix could have the same names. Without any prefix it is what was asked for. */
function checkPrefixes(servers: Record<string, unknown>, run: CheckRun): void {
  const seen = new Map<string, string>();
  for (const [name, server] of Object.entries(servers)) {
    if (!isObject(server) || server['disabled'] === true) continue;
    const prefix = prefixOf(name, typeof server['prefix'] === 'string' ? server['prefix'] : undefined);
    const first = seen.get(prefix);
    if (first === undefined) seen.set(prefix, name);
    else if (prefix !== '')
      run.list.add(`has the prefix ${quote(prefix)}, as ${quote(first)} has: give one of the two another`, name);
  }
}

/** The whole key. */
export const mcpServers: ValueCheck = (value, run) => {
  if (run.support.files === false)
    return run.list.add('starts programs of this machine, which only a config file may, not a catalog in a store: remove it');
  if (!isObject(value)) return anyObject(value, run);
  for (const [name, server] of Object.entries(value)) {
    if (server === null || server === undefined) continue;
    if (!NAME.test(name)) run.list.add('the name of a server must have 1 to 64 letters, digits, "_", "-" and "."', name);
    run.list.path.push(name);
    checkShape(server, mount, run);
    run.list.path.pop();
  }
  checkPrefixes(value, run);
};

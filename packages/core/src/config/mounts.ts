/** From entries of `mcpServers` to mounted servers, and to links that name one of them. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Approval } from '../ports/approval.js';
import type { LinkBinding } from '../ports/definition.js';
import type { MountDefinition } from '../ports/mounts.js';
import type { ConfigDocument, ConfigMount, Optional } from './document.js';
import { isNote } from './document.js';

/** Reads the policy of approvals of an entry. */
export type ReadApproval = (approve: ConfigMount['approve']) => Approval | undefined;

/** The prefix of a server's names. Default: its name and `_`. */
export const prefixOf = (name: string, prefix: Optional<string>): string => prefix ?? `${name}_`;

/** Members that are texts by name, without nulls and notes. */
function texts(given: Optional<Record<string, Optional<string>>>): Record<string, string> | undefined {
  if (given === null || given === undefined) return undefined;
  const entries = Object.entries(given).filter(([name, text]) => typeof text === 'string' && !isNote(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The values of a bundle's options, without nulls and notes. */
function valuesOf(given: ConfigMount['user_config']): MountDefinition['user_config'] {
  if (given === null || given === undefined) return undefined;
  const entries = Object.entries(given).filter(([name, value]) => value !== null && !isNote(name));
  return Object.fromEntries(entries) as MountDefinition['user_config'];
}

/** The client of an entry, without nulls and notes. */
function clientOf(given: ConfigMount['auth']): MountDefinition['auth'] {
  if (given === null || given === undefined) return undefined;
  const { client_id, client_secret, issuer } = given;
  return {
    client_id,
    ...(client_secret === null || client_secret === undefined ? {} : { client_secret }),
    ...(issuer === null || issuer === undefined ? {} : { issuer }),
  };
}

/**
 * One mounted server.
 *
 * @param name its key in `mcpServers`
 * @param entry an entry without mistakes
 * @param approvalOf reads `approve`. Default: nothing needs approval
 */
export function mountOf(name: string, entry: ConfigMount, approvalOf: ReadApproval = () => undefined): MountDefinition {
  const { record, quota } = entry;
  const members = {
    command: entry.command,
    args: entry.args,
    env: texts(entry.env),
    cwd: entry.cwd,
    url: entry.url,
    headers: texts(entry.headers),
    bundle: entry.bundle,
    user_config: valuesOf(entry.user_config),
    auth: clientOf(entry.auth),
    allow: entry.allow,
    deny: entry.deny,
    timeout_ms: entry.timeout_ms,
    scopes: entry.scopes,
    approve: approvalOf(entry.approve),
    record:
      record === null || record === undefined
        ? undefined
        : typeof record === 'string'
          ? { bodies: record, redact: [] }
          : { bodies: record.bodies ?? 'all', redact: record.redact ?? [] },
    quota: quota ?? undefined,
  };
  const given = Object.entries(members).filter(([, value]) => value !== null && value !== undefined);
  return {
    name,
    ...Object.fromEntries(given),
    prefix: prefixOf(name, entry.prefix),
    protocol: entry.protocol ?? 'auto',
    pin: (entry.pin ?? 'off') as MountDefinition['pin'],
    credentials: (entry.credentials ?? 'static') as MountDefinition['credentials'],
    down: (entry.down ?? 'keep') as MountDefinition['down'],
  };
}

/** The mounted servers of a file; undefined: none. */
export function mountsOf(servers: ConfigDocument['mcpServers'], approvalOf: ReadApproval): MountDefinition[] | undefined {
  const entries = Object.entries(servers ?? {}).filter(
    (pair): pair is [string, ConfigMount] => isObject(pair[1]) && pair[1].disabled !== true,
  );
  return entries.length === 0 ? undefined : entries.map(([name, entry]) => mountOf(name, entry, approvalOf));
}

/**
 * A link of a module whose source is `mcp`: its function belongs to the server with the module's name, or to the one that the module's
 * setting describes.
 */
export function mountLink(link: LinkBinding, servers: ConfigDocument['mcpServers']): LinkBinding {
  const name = link.package_name || link.module_name;
  const entry = Object.hasOwn(servers ?? {}, name) ? servers?.[name] : undefined;
  const mount = mountOf(name, entry ?? (link.setting as ConfigMount));
  return { ...link, passThrough: true, setting: { mount: mount as unknown as JsonObject } };
}

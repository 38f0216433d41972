/**
 * What oidc-provider keeps: clients, sessions, log-ins that have begun, codes, refresh tokens and grants. Ids are secrets, so keys have
 * only their digests.
 */
import type { Adapter, AdapterPayload, errors as Errors } from 'oidc-provider';

import { usernameOf } from './accounts.js';
import type { Entries } from './entries.js';
import { digestKey } from './entries.js';
import type { ClientGrants } from './grants.js';

/** How long a registered client is kept that no user has allowed, in milliseconds. */
export const UNUSED_CLIENT_MS = 24 * 60 * 60_000;

/** What {@link createAdapters} takes. */
export interface AdaptersOptions {
  entries: Entries;
  grants: Pick<ClientGrants, 'withdraw' | 'idOf'>;
  errors: Pick<typeof Errors, 'InvalidGrant'>;
}

const nameOf = (model: string, id: string): string => `${model}/${digestKey(id)}`;

/** Keeps a registered client until a user has allowed it, or for {@link UNUSED_CLIENT_MS}. @param client with the names of RFC 7591 */
export const saveClient = async (entries: Entries, client: { readonly client_id: string }): Promise<void> => {
  await entries.put(nameOf('Client', client.client_id), client, { expires_at: Date.now() + UNUSED_CLIENT_MS });
};

/** Keeps a client longer; does nothing for one that is not registered. */
export async function keepClient(entries: Entries, clientId: string, seconds: number): Promise<void> {
  const name = nameOf('Client', clientId);
  const found = await entries.get<object>(name);
  if (found !== undefined) await entries.put(name, found.value, { expires_at: Date.now() + seconds * 1_000 });
}

/** Creates the function that makes the adapter of each of the library's models. */
export function createAdapters({ entries, grants, errors }: AdaptersOptions): (model: string) => Adapter {
  /** Removes a grant, and with it all codes and tokens: each is refused when its grant is gone. */
  async function revoke(grantId: string): Promise<void> {
    const grant = await entries.get<AdapterPayload>(nameOf('Grant', grantId));
    const accountId = grant?.value.accountId;
    if (accountId !== undefined) await grants.withdraw(usernameOf(accountId), grants.idOf(grantId));
    else await entries.delete(nameOf('Grant', grantId));
  }

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      const ms = expiresIn === undefined ? UNUSED_CLIENT_MS : expiresIn * 1_000;
      const options = { expires_at: Date.now() + ms };
      await entries.put(nameOf(model, id), payload, options);
      if (model === 'Session' && payload.uid !== undefined) await entries.put(nameOf('uid', payload.uid), { id }, options);
    },
    find: async (id) => (await entries.get<AdapterPayload>(nameOf(model, id)))?.value,
    async findByUid(uid) {
      const found = await entries.get<{ id: string }>(nameOf('uid', uid));
      return found === undefined ? undefined : this.find(found.value.id);
    },
    findByUserCode: () => Promise.resolve(undefined), // only for a flow that is off
    async consume(id) {
      const name = nameOf(model, id);
      const found = await entries.get<AdapterPayload>(name);
      const isFirst =
        found !== undefined &&
        found.value.consumed === undefined &&
        (await entries.put(
          name,
          { ...found.value, consumed: Math.floor(Date.now() / 1_000) },
          { expected: found.version, expires_at: found.expiresAt },
        ));
      if (isFirst) return;
      // Two requests with one code at the same moment: the library has seen it unused in both.
      if (found?.value.grantId !== undefined) await revoke(found.value.grantId);
      throw new errors.InvalidGrant('already used');
    },
    async destroy(id) {
      if (model === 'Grant') await revoke(id);
      else await entries.delete(nameOf(model, id));
    },
    revokeByGrantId: revoke,
  });
}

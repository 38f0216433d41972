/** Checks quotas that a program gives. Those of config files are checked with the file. */
import type { CatalogQuotas, Quota } from '../ports/quota.js';
import { QUOTA_MAXIMA } from '../ports/quota.js';
import { DaemonError } from '../protocol/errors.js';

/** What is wrong with a quota, after its name; undefined: nothing. */
export function quotaMistake(quota: Quota): string | undefined {
  for (const [member, value] of Object.entries(quota) as [keyof Quota, unknown][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(QUOTA_MAXIMA, member))
      return `.${member} is unknown; the members are ${Object.keys(QUOTA_MAXIMA).join(', ')}`;
    const least = member === 'queue' ? 0 : 1;
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > QUOTA_MAXIMA[member])
      return `.${member} must be a whole number from ${least} to ${QUOTA_MAXIMA[member]}, got ${String(value)}`;
  }
  return undefined;
}

/** Quotas without mistakes. @throws DaemonError `usage` */
export function checkedQuotas(quotas: CatalogQuotas): CatalogQuotas {
  for (const scope of ['partition', 'subject'] as const) {
    const mistake = quotaMistake(quotas[scope] ?? {});
    if (mistake !== undefined) throw new DaemonError('usage', `quotas.${scope}${mistake}`);
  }
  return quotas;
}

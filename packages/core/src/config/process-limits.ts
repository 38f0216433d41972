/** The limits of processes in a config: of a module, and of one of its functions. */
import type { ProcessLimits } from '../ports/process-limits.js';
import { PROCESS_LIMITS } from '../ports/process-limits.js';
import type { ConfigLimits, Optional } from './document.js';

/**
 * The limits of a function.
 *
 * @param module those of its module
 * @param own its own, which come first, member by member
 * @returns undefined: it has none
 */
export function limitsOf(module: Optional<ConfigLimits>, own: Optional<ConfigLimits>): ProcessLimits | undefined {
  const limits: ProcessLimits = {};
  for (const member of Object.keys(PROCESS_LIMITS) as (keyof ProcessLimits)[]) {
    const value = own?.[member] ?? module?.[member];
    if (typeof value === 'number') limits[member] = value;
  }
  return Object.keys(limits).length === 0 ? undefined : limits;
}
